"""A picture that a client sends is looked at before room is made for it, and named if refused."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from encodings_of_pictures import png
from shared import encoded, message, picture

from kbuilder.serving.batching import Batcher
from kbuilder.serving.exported import Exported
from kbuilder.serving.pictures import readable
from kbuilder.serving.refusals import RowError
from serving import handmade

SOUND = encoded(picture(0))
HINT = 'it is text. Expected {"b64": "…"}, with what `base64 FILE` prints of a picture'
