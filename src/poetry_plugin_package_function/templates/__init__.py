"""The functions that templates declare: AWS SAM, CloudFormation, CDK, Serverless."""

from __future__ import annotations
