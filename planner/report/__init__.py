"""What people open: the report page, the workbook and plain tables of a frontier."""
