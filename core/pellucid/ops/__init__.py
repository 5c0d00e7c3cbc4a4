"""Backends: tables of array operations, looked up by name."""

from pellucid.basics.arrays import Array
from pellucid.ops.backends import backend_names, check_variable, default_backend, get_ops
from pellucid.ops.base import Ops, ReferenceOps
from pellucid.ops.recording import Plan

__all__ = ["Array", "Ops", "Plan", "ReferenceOps", "backend_names", "check_variable", "default_backend", "get_ops"]
