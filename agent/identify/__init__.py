"""From evidence to class, vendor, model, firmware and serial; pure but for `load`, which reads packaged YAML."""

from agent.identify.definition import Definitions, is_asked_alone, load, wanted_columns, wanted_oids
from agent.identify.identification import identify

__all__ = ["Definitions", "identify", "is_asked_alone", "load", "wanted_columns", "wanted_oids"]
