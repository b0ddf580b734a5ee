"""What the parts promise each other: the values that pass between them, and their Protocols.

A *source* gives named columns. A *feature* turns one raw column into one tensor of one form. An
*architecture* turns a tensor of one form into a vector, and never knows the task. A *task* alone
decides the last layer, the loss, the metrics, and how outputs are decoded into names.
"""

from kbuilder.contracts.listeners import Fit as Fit
from kbuilder.contracts.listeners import Listener as Listener
from kbuilder.contracts.listeners import Progress as Progress
from kbuilder.contracts.plugins import CONTRACTS as CONTRACTS
from kbuilder.contracts.plugins import Adaptive as Adaptive
from kbuilder.contracts.plugins import Architecture as Architecture
from kbuilder.contracts.plugins import Arranging as Arranging
from kbuilder.contracts.plugins import Augmentation as Augmentation
from kbuilder.contracts.plugins import Cutting as Cutting
from kbuilder.contracts.plugins import Discerning as Discerning
from kbuilder.contracts.plugins import Encoded as Encoded
from kbuilder.contracts.plugins import Explaining as Explaining
from kbuilder.contracts.plugins import Feature as Feature
from kbuilder.contracts.plugins import Foldered as Foldered
from kbuilder.contracts.plugins import Follower as Follower
from kbuilder.contracts.plugins import Gathering as Gathering
from kbuilder.contracts.plugins import Joining as Joining
from kbuilder.contracts.plugins import Pathed as Pathed
from kbuilder.contracts.plugins import Piece as Piece
from kbuilder.contracts.plugins import Reforming as Reforming
from kbuilder.contracts.plugins import Schedule as Schedule
from kbuilder.contracts.plugins import Settling as Settling
from kbuilder.contracts.plugins import Source as Source
from kbuilder.contracts.plugins import Splitting as Splitting
from kbuilder.contracts.plugins import Task as Task
from kbuilder.contracts.plugins import Timed as Timed
from kbuilder.contracts.plugins import Validating as Validating
from kbuilder.contracts.plugins import Wide as Wide
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
