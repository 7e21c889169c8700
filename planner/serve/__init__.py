"""The server behind `planner serve`: the report page of every run of a folder, with questions and jobs beside it.

Needs the extra `web`. `app` puts the parts together; `security` says who may ask, `shelf` which runs there are,
`asking` answers questions in a warm process, `jobs` runs commands one at a time, `downloads` hands out files.
"""
