"""What the parts promise each other: the values that pass between them, and their Protocols.

A *source* gives named columns. A *feature* turns one raw column into one tensor of one form. An
*architecture* turns a tensor of one form into a vector, and never knows the task. A *task* alone
decides the last layer, the loss, the metrics, and how outputs are decoded into names.
"""

from kbuilder.contracts.architectures import Adaptive as Adaptive
from kbuilder.contracts.architectures import Architecture as Architecture
from kbuilder.contracts.architectures import Augmentation as Augmentation
from kbuilder.contracts.architectures import Piece as Piece
from kbuilder.contracts.features import Arranging as Arranging
from kbuilder.contracts.features import Cutting as Cutting
from kbuilder.contracts.features import Discerning as Discerning
from kbuilder.contracts.features import Encoded as Encoded
from kbuilder.contracts.features import Explaining as Explaining
from kbuilder.contracts.features import Feature as Feature
from kbuilder.contracts.features import Joining as Joining
from kbuilder.contracts.features import Knotted as Knotted
from kbuilder.contracts.features import Pathed as Pathed
from kbuilder.contracts.features import Reforming as Reforming
from kbuilder.contracts.features import Spelling as Spelling
from kbuilder.contracts.features import Timed as Timed
from kbuilder.contracts.features import Watched as Watched
from kbuilder.contracts.features import Wide as Wide
from kbuilder.contracts.features import Worded as Worded
from kbuilder.contracts.features import unlike as unlike
from kbuilder.contracts.listeners import Fit as Fit
from kbuilder.contracts.listeners import Listener as Listener
from kbuilder.contracts.listeners import Progress as Progress
from kbuilder.contracts.plugins import CONTRACTS as CONTRACTS
from kbuilder.contracts.schedules import Follower as Follower
from kbuilder.contracts.schedules import Schedule as Schedule
from kbuilder.contracts.sources import Filed as Filed
from kbuilder.contracts.sources import Foldered as Foldered
from kbuilder.contracts.sources import Gathering as Gathering
from kbuilder.contracts.sources import Settling as Settling
from kbuilder.contracts.sources import Source as Source
from kbuilder.contracts.sources import Validating as Validating
from kbuilder.contracts.splits import Folding as Folding
from kbuilder.contracts.splits import Owning as Owning
from kbuilder.contracts.splits import Splitting as Splitting
from kbuilder.contracts.tasks import Calibrating as Calibrating
from kbuilder.contracts.tasks import Deciding as Deciding
from kbuilder.contracts.tasks import Following as Following
from kbuilder.contracts.tasks import Relative as Relative
from kbuilder.contracts.tasks import Resampling as Resampling
from kbuilder.contracts.tasks import Task as Task
from kbuilder.contracts.tasks import Teaching as Teaching
from kbuilder.contracts.values import FORMS as FORMS
from kbuilder.contracts.values import IN_DOUBT as IN_DOUBT
from kbuilder.contracts.values import RANKS as RANKS
from kbuilder.contracts.values import Arranged as Arranged
from kbuilder.contracts.values import Body as Body
from kbuilder.contracts.values import Choice as Choice
from kbuilder.contracts.values import Decision as Decision
from kbuilder.contracts.values import Division as Division
from kbuilder.contracts.values import Finding as Finding
from kbuilder.contracts.values import Form as Form
from kbuilder.contracts.values import Holds as Holds
from kbuilder.contracts.values import Match as Match
from kbuilder.contracts.values import Numeric as Numeric
from kbuilder.contracts.values import Phase as Phase
from kbuilder.contracts.values import Script as Script
from kbuilder.contracts.values import Signal as Signal
from kbuilder.contracts.values import Strata as Strata
