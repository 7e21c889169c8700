"""NICE CXone completed contacts: names of the API and of the CSV download; seconds, UTC; legs share a master id."""

from __future__ import annotations

from collections.abc import Iterable

from planner.history.importers.preset import Chain, Preset, total
from planner.history.importers.reading import Record, flat

_DOWNLOAD = {
    "Contact_ID": "contactId",
    "Master_Contact_ID": "masterContactId",
    "Contact_Code": "primaryDispositionId",
    "Media_Name": "mediaTypeName",
    "Contact_Name": "fromAddr",
    "ANI_From": "fromAddr",
    "Skill_Name": "skillName",
    "Skill_No": "skillId",
    "Campaign_Name": "campaignName",
    "Agent_No": "agentId",
    "Agent_Name": "agentName",
    "InQueue": "inQueueSeconds",
    "Agent_Time": "agentSeconds",
    "Hold_Time": "holdSeconds",
    "ACW_Seconds": "acwSeconds",
    "ACW_Time": "acwSeconds",
    "Abandon": "abandoned",
    "Abandon_Time": "abandonSeconds",
    "Total_Time": "totalDurationSeconds",
    "contactStartDate": "contactStart",
}
_FIELDS = """
abandoned abandonSeconds acwSeconds agentId agentName agentSeconds analyticsProcessedDate callbackTime campaignId
campaignName conferenceSeconds confSeconds contactId contactStart csatSentiment dateACWWarehoused
dateContactWarehoused digitalContactState digitalContactStateName direction dispositionNotes endReason fileName
firstName fromAddr highProficiency holdCount holdSeconds inQueueSeconds isAnalyticsProcessed isLogged isOutbound
isRefused isShortAbandon isTakeover isWarehoused lastName lastUpdateTime lowProficiency masterContactId
mediaSubTypeId mediaSubTypeName mediaType mediaTypeId mediaTypeName pointOfContactId pointOfContactName
postQueueSeconds preQueueSeconds primaryDispositionId refuseReason refuseTime releaseSeconds routingAttribute
routingTime secondaryDispositionId serviceLevelFlag skillId skillName state stateId stateName tags targetAgentId
teamId teamName toAddr totalDurationSeconds transferIndicatorId transferIndicatorName refusedCount Start_Date
start_time Team_Name Team_No PreQueue PostQueue Logged Routing_Time Callback_Time Service_Level Disp_Code Disp_Name
Disp_Comments Outbound_Skill
"""


def _rows(records: Iterable[Record]) -> Iterable[Record]:
    for record in records:
        row = {_DOWNLOAD.get(name, name): value for name, value in flat(record).items()}
        if row.get("contactStart") is None and row.get("Start_Date"):
            row["contactStart"] = f"{row['Start_Date']} {row.get('start_time') or '00:00:00'}"
        row["chain"] = row.get("masterContactId") or row.get("contactId")
        row["handle"] = total(row.get("agentSeconds"), row.get("holdSeconds"), row.get("acwSeconds"))
        row["left"] = row.get("abandoned")
        yield row


PRESET = Preset(
    name="cxone",
    title="NICE CXone completed contacts (JSON of the API, or CSV data download)",
    mapping={
        "columns": {
            "contact_id": "chain",
            "customer_id": "fromAddr",
            "started_at": "contactStart",
            "entry_reason": "skillName",
            "reason": "primaryDispositionId",
            "segment": "campaignName",
            "channel": {
                "from": "mediaTypeName",
                "values": {
                    "Call": "voice",
                    "Phone Call": "voice",
                    "Voice": "voice",
                    "Chat": "chat",
                    "Email": "email",
                    "E-Mail": "email",
                    "Voice Mail": "voicemail",
                    "Work Item": "task",
                    "Digital": "messaging",
                },
                "others": "keep",
            },
            "pool": "skillName",
            "agent_id": "agentId",
            "wait_s": "inQueueSeconds",
            "handle_s": "handle",
            "abandoned": "left",
            "transferred": {"when": {"legs": {"above": 1}}},
        },
        "filters": [
            {"why": "outbound contact", "drop": {"isOutbound": {"one_of": ["true", "True", "1", "Y"]}}},
            {
                "why": "short abandon, by the platform's own threshold",
                "drop": {"isShortAbandon": {"one_of": ["true", "True", "1", "Y"]}},
            },
        ],
    },
    fields=(*_FIELDS.split(), *_DOWNLOAD),
    rows=_rows,
    key="contactId",
    newest="lastUpdateTime",
    chain=Chain(
        key="chain",
        order="contactStart",
        total=("handle",),
        last=("left", "isShortAbandon"),
        last_known=("agentId", "primaryDispositionId"),
    ),
    zone="UTC",
    formats=("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M"),
    notes=(
        "handle time is agentSeconds + holdSeconds + acwSeconds; where your agentSeconds already hold the others, map "
        "`handle_s: agentSeconds`",
    ),
)
