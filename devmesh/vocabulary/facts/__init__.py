"""What happened, in the past tense: told to agents, kept by the audit, shown on dashboards.

One file per noun; `AnyFact` is the whole vocabulary.
"""

from __future__ import annotations

from devmesh.vocabulary.facts.agents import (
    AgentDismissed,
    AgentJoined,
    AgentLeft,
    AgentLost,
    AgentParked,
    AgentPaused,
    AgentResumed,
    AgentUnparked,
    ArchitectNamed,
    DiscoveriesFound,
    Discovery,
    DiscoveryShared,
    FrameworkProposed,
    FrameworkRead,
    FrameworkRequested,
    GoalSet,
)
from devmesh.vocabulary.facts.board import BoardShown
from devmesh.vocabulary.facts.changes import (
    ChangeApplied,
    ChangeApplying,
    ChangeOffered,
    ChangeReturned,
    ChangeWithdrawn,
    CheckEnded,
    CheckStarted,
    GateEntered,
    ReviewGiven,
    ReviewRequested,
    WriteFound,
)
from devmesh.vocabulary.facts.costs import (
    BudgetReached,
    BudgetSet,
    UsageReported,
)
from devmesh.vocabulary.facts.hardware import (
    HardwareExceeded,
    HardwareReleased,
    HardwareReserved,
    HardwareSampled,
    Usage,
)
from devmesh.vocabulary.facts.locks import (
    LockExpired,
    LockGranted,
    LockQueued,
    LockReleased,
    LockWaitEnded,
)
from devmesh.vocabulary.facts.mesh import (
    CoordinatorStalled,
    CoordinatorStarted,
    CoordinatorStopped,
    CredentialIssued,
    CredentialRevoked,
    LeasesRenewed,
    RequestMalformed,
    RequestRefused,
    SessionDropped,
    SessionForgotten,
    SessionOpened,
    SessionResumed,
    Standing,
    WatchBegun,
    WatchStarted,
)
from devmesh.vocabulary.facts.questions import (
    AnswerRuleDropped,
    AnswerRuleSet,
    QuestionAnswered,
    QuestionAsked,
)
from devmesh.vocabulary.facts.tasks import (
    BidDeclined,
    BiddingOpened,
    BidPlaced,
    OutputReported,
    TaskAbandoned,
    TaskAwarded,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskPosted,
    TaskReprioritised,
    TaskRequeued,
    TaskResumed,
    TaskStarted,
)

AnyFact = (
    CoordinatorStarted
    | CoordinatorStopped
    | CoordinatorStalled
    | SessionOpened
    | SessionResumed
    | SessionDropped
    | SessionForgotten
    | RequestRefused
    | RequestMalformed
    | WatchBegun
    | WatchStarted
    | Standing
    | LeasesRenewed
    | AgentJoined
    | AgentLeft
    | AgentLost
    | AgentPaused
    | AgentResumed
    | AgentDismissed
    | ArchitectNamed
    | GoalSet
    | FrameworkRequested
    | FrameworkProposed
    | FrameworkRead
    | DiscoveryShared
    | DiscoveriesFound
    | LockGranted
    | LockQueued
    | LockWaitEnded
    | LockReleased
    | LockExpired
    | TaskPosted
    | BiddingOpened
    | BidPlaced
    | BidDeclined
    | TaskAwarded
    | TaskStarted
    | OutputReported
    | TaskPaused
    | TaskResumed
    | TaskReprioritised
    | TaskCancelled
    | TaskCompleted
    | TaskFailed
    | TaskAbandoned
    | TaskRequeued
    | ChangeOffered
    | ReviewRequested
    | ReviewGiven
    | GateEntered
    | CheckStarted
    | CheckEnded
    | ChangeApplying
    | ChangeApplied
    | ChangeReturned
    | ChangeWithdrawn
    | HardwareReserved
    | HardwareReleased
    | HardwareSampled
    | HardwareExceeded
    | AgentParked
    | AgentUnparked
    | WriteFound
    | CredentialIssued
    | CredentialRevoked
    | BudgetReached
    | BudgetSet
    | UsageReported
    | AnswerRuleDropped
    | AnswerRuleSet
    | QuestionAnswered
    | QuestionAsked
    | BoardShown
)

__all__ = [
    "BoardShown",
    "AnswerRuleDropped",
    "AnswerRuleSet",
    "QuestionAnswered",
    "QuestionAsked",
    "BudgetReached",
    "BudgetSet",
    "UsageReported",
    "CredentialIssued",
    "CredentialRevoked",
    "WriteFound",
    "AgentParked",
    "AgentUnparked",
    "AgentDismissed",
    "AgentJoined",
    "AgentLeft",
    "AgentLost",
    "AgentPaused",
    "AgentResumed",
    "AnyFact",
    "ArchitectNamed",
    "BidDeclined",
    "BidPlaced",
    "BiddingOpened",
    "ChangeApplied",
    "ChangeApplying",
    "ChangeOffered",
    "ChangeReturned",
    "ChangeWithdrawn",
    "CheckEnded",
    "CheckStarted",
    "CoordinatorStalled",
    "CoordinatorStarted",
    "CoordinatorStopped",
    "DiscoveriesFound",
    "Discovery",
    "DiscoveryShared",
    "FrameworkProposed",
    "FrameworkRead",
    "FrameworkRequested",
    "GateEntered",
    "GoalSet",
    "HardwareExceeded",
    "HardwareReleased",
    "HardwareReserved",
    "HardwareSampled",
    "LeasesRenewed",
    "LockExpired",
    "LockGranted",
    "LockQueued",
    "LockReleased",
    "LockWaitEnded",
    "OutputReported",
    "RequestMalformed",
    "RequestRefused",
    "ReviewGiven",
    "ReviewRequested",
    "SessionDropped",
    "SessionForgotten",
    "SessionOpened",
    "SessionResumed",
    "Standing",
    "TaskAbandoned",
    "TaskAwarded",
    "TaskCancelled",
    "TaskCompleted",
    "TaskFailed",
    "TaskPaused",
    "TaskPosted",
    "TaskReprioritised",
    "TaskRequeued",
    "TaskResumed",
    "TaskStarted",
    "Usage",
    "WatchBegun",
    "WatchStarted",
]
