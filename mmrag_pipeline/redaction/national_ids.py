"""National ids: the form that they are written in, and their checksum or date where one is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from mmrag_pipeline.redaction.plain import Span
from mmrag_pipeline.safety_settings import NationalId

_FORMS: Mapping[NationalId, str] = {
    "be.nn": r"\d{2}_\d{2}_\d{2}_\d{3}_\d{2}",
    "br.cpf": r"\d{3}_\d{3}_\d{3}_\d{2}",
    "ca.sin": r"\d{3}~\d{3}~\d{3}",
    "ch.ssn": r"756_\d{4}_\d{4}_\d{2}",
    "cn.ric": r"\d{17}[\dX]",
    "de.idnr": r"\d{2}_\d{3}_\d{3}_\d{3}",
    "dk.cpr": r"\d{6}=\d{4}",
    "es.dni": r"\d{8}_[A-Z]",
    "es.nie": r"[XYZ]_\d{7}_[A-Z]",
    "fi.hetu": r"\d{6}[-+A-FU-Y]\d{3}[\dA-FHJ-NPR-Y]",
    "fr.nir": r"[12]_\d{2}_\d{2}_\d[\dAB]_\d{3}_\d{3}_\d{2}",
    "gb.nhs": r"\d{3}~\d{3}~\d{4}",
    "gb.nino": r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]_(?:\d{2}_){3}[A-D]",
    "in.aadhaar": r"[2-9]\d{3}~\d{4}~\d{4}",
    "it.codicefiscale": r"[A-Z]{6}_[\dL-NP-V]{2}_[A-EHLMPRST]_[\dL-NP-V]{2}_"
    r"[A-Z][\dL-NP-V]{3}_[A-Z]",
    "kr.rrn": r"\d{6}=\d{7}",
    "my.nric": r"\d{6}=\d{2}=\d{4}",
    "nl.bsn": r"\d{4}_\d{2}_\d{3}",
    "no.fodselsnummer": r"\d{6}_\d{5}",
    "pl.pesel": r"\d{11}",
    "se.personnummer": r"(?:\d{2})?\d{6}[-+]\d{4}",
    "us.itin": r"9\d{2}=\d{2}=\d{4}",
    "us.ssn": r"\d{3}=\d{2}=\d{4}",
    "za.idnr": r"\d{6}_\d{4}_\d{3}",
}
"""`_` may be a gap, `~` is one, `=` is a hyphen: the less a checksum tells, the more the gaps must.
"""
_GAPS = {"_": r"[ ./-]?\n?", "~": r"[ -]\n?", "=": r"-\n?"}
_WITHOUT_CHECK = ("gb.nino",)
_ANNOUNCED = {
    "ca.sin": re.compile(r"\bS\.?I\.?N\b|\bN\.?A\.?S\b|social insurance|assurance sociale", re.I),
    "gb.nhs": re.compile(r"\bNHS\b", re.I),
    "in.aadhaar": re.compile(r"aadh?aa?r|\bUID\b|आधार", re.I),
}
"""Beside spaces alone they need a word before them: one in ten rows of a table has the checksum."""
_BEFORE = 60
"""Characters in which that word may be."""


def national_ids(text: str, wanted: Sequence[NationalId]) -> Iterator[Span]:
    """Yield the places of these ids in a plain text."""
    for name in wanted:
        for found in _PATTERNS[name].finditer(text):
            number = found[1].replace("\n", "").upper()
            if _is_valid(name, number) and _is_told(
                name, number, text[max(found.start() - _BEFORE, 0) : found.start()]
            ):
                yield Span(*found.span(1))


def _is_told(name: NationalId, number: str, before: str) -> bool:
    words = _ANNOUNCED.get(name)
    return words is None or "-" in number or words.search(before) is not None


def _is_valid(name: NationalId, number: str) -> bool:
    if name in _WITHOUT_CHECK:
        return True
    country, _, kind = name.partition(".")
    module = import_module(f"stdnum.{'in_' if country == 'in' else country}.{kind}")
    return bool(module.is_valid(number))


def _pattern(name: NationalId, form: str) -> re.Pattern[str]:
    """Return what finds a form at every place: one that only looks like an id hides no other.

    Its short name may touch it: SSN536-90-4399.
    """
    body = "".join(_GAPS.get(char, char) for char in form)
    return re.compile(
        rf"(?:(?<={name.partition('.')[2]})|(?<![0-9A-Za-z])(?<![0-9][.,]))(?=({body})(?![0-9A-Za-z])(?![.,][0-9]))",
        re.ASCII | re.IGNORECASE,
    )


_PATTERNS = {name: _pattern(name, form) for name, form in _FORMS.items()}
