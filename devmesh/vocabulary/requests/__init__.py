"""What agents, the notebook and the terminal may ask for. Who may say which is `devmesh.core.sessions.MAY_SAY`.

None carries its speaker: identity and role come from the connection.
"""

from __future__ import annotations

from devmesh.vocabulary.requests.agents import (
    Heartbeat,
    Join,
    Leave,
    Look,
    ProposeFramework,
    ReadFramework,
    SearchKnowledge,
    ShareDiscovery,
    Watch,
)
from devmesh.vocabulary.requests.inbox import (
    AnswerQuestion,
    Ask,
    DropAnswerRule,
    SetAnswerRule,
)
from devmesh.vocabulary.requests.person import (
    CancelTask,
    DismissAgent,
    ForceRelease,
    IssueCredential,
    PauseAgent,
    PauseTask,
    PostTask,
    ReprioritiseTask,
    ResumeAgent,
    ResumeTask,
    RetryTask,
    RevokeCredential,
    SetBudget,
    SetGoal,
)
from devmesh.vocabulary.requests.sizes import MOST_FILES, MOST_WRITES, PROTOCOL, Targets, Tokens
from devmesh.vocabulary.requests.work import (
    Bid,
    Decline,
    Finish,
    OfferChange,
    ReleaseLock,
    Report,
    ReportUsage,
    ReportWrite,
    RequestLock,
    Review,
    StandDown,
    Start,
)

AnyRequest = (
    Join
    | Leave
    | Heartbeat
    | RequestLock
    | ReleaseLock
    | Bid
    | Decline
    | ReadFramework
    | Start
    | Report
    | OfferChange
    | Finish
    | ReportUsage
    | StandDown
    | Ask
    | AnswerQuestion
    | ReportWrite
    | Review
    | ProposeFramework
    | ShareDiscovery
    | SearchKnowledge
    | Look
    | Watch
    | PostTask
    | CancelTask
    | PauseTask
    | ResumeTask
    | RetryTask
    | ReprioritiseTask
    | PauseAgent
    | ResumeAgent
    | DismissAgent
    | ForceRelease
    | SetBudget
    | SetAnswerRule
    | DropAnswerRule
    | IssueCredential
    | RevokeCredential
    | SetGoal
)

__all__ = [
    "AnswerQuestion",
    "AnyRequest",
    "Ask",
    "Bid",
    "CancelTask",
    "Decline",
    "DismissAgent",
    "DropAnswerRule",
    "Finish",
    "ForceRelease",
    "Heartbeat",
    "IssueCredential",
    "Join",
    "Leave",
    "Look",
    "MOST_FILES",
    "MOST_WRITES",
    "OfferChange",
    "PROTOCOL",
    "PauseAgent",
    "PauseTask",
    "PostTask",
    "ProposeFramework",
    "ReadFramework",
    "ReleaseLock",
    "Report",
    "ReportUsage",
    "ReportWrite",
    "ReprioritiseTask",
    "RequestLock",
    "ResumeAgent",
    "ResumeTask",
    "RetryTask",
    "Review",
    "RevokeCredential",
    "SearchKnowledge",
    "SetAnswerRule",
    "SetBudget",
    "SetGoal",
    "ShareDiscovery",
    "StandDown",
    "Start",
    "Targets",
    "Tokens",
    "Watch",
]
