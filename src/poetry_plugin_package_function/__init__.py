"""Packages a Poetry project for AWS Lambda."""

from __future__ import annotations
