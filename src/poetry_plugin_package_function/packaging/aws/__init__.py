"""AWS's services in its SDK: whose data is shipped, and who asks for which."""

from __future__ import annotations
