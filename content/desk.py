"""The services in one hand: what people reach through buttons and pages, and the model through tools."""

from dataclasses import dataclass

from content.accounts import Accounts
from content.agenda import Agenda
from content.approvals import Approvals
from content.consents import Consents
from content.copies import Copies
from content.daily import Daily
from content.goals import Goals
from content.guards import Guards
from content.late import Late
from content.media import MediaStore
from content.plans import Plans
from content.posts import Posts
from content.removal import Removal
from content.reports import Reports
from content.research import Research
from content.results import Results
from content.schedule import Schedule
from content.series import SeriesOfPosts
from content.slots import Slots
from content.subscriptions import Subscriptions
from content.times import Clock
from content.voice import Voice


@dataclass(frozen=True)
class Desk:
    """Every service a person or the model may call; publishing is not among them."""

    clock: Clock
    accounts: Accounts
    consents: Consents
    media: MediaStore
    posts: Posts
    approvals: Approvals
    schedule: Schedule
    goals: Goals
    results: Results
    reports: Reports
    removal: Removal
    research: Research
    voice: Voice
    plans: Plans
    slots: Slots
    series: SeriesOfPosts
    agenda: Agenda
    subscriptions: Subscriptions
    copies: Copies
    guards: Guards
    late: Late
    daily: Daily
