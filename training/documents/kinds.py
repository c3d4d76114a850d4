"""All kinds of documents, each with the phrase that names it in zero-shot evaluation."""

from collections.abc import Callable
from dataclasses import dataclass

from training.documents import (
    barcodes,
    bars,
    business_cards,
    calendars,
    chats,
    code_listings,
    dashboards,
    dialogs,
    flowcharts,
    forms,
    invoices,
    lines,
    logins,
    maps,
    org_charts,
    pages,
    pies,
    receipts,
    scatters,
    settings_screens,
    slides,
    tables,
    web_pages,
)
from training.documents.pen import Pen
from training.documents.sheet import Drawing


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document: its phrase and the function that draws it."""

    phrase: str
    draw: Callable[[Pen], Drawing]


KINDS = (
    Kind("bar chart", bars.draw),
    Kind("line chart", lines.draw),
    Kind("pie chart", pies.draw),
    Kind("scatter plot", scatters.draw),
    Kind("table", tables.draw),
    Kind("receipt", receipts.draw),
    Kind("invoice", invoices.draw),
    Kind("form", forms.draw),
    Kind("login screen", logins.draw),
    Kind("dialog box", dialogs.draw),
    Kind("settings screen", settings_screens.draw),
    Kind("flowchart", flowcharts.draw),
    Kind("organization chart", org_charts.draw),
    Kind("page of text", pages.draw),
    Kind("map", maps.draw),
    Kind("calendar", calendars.draw),
    Kind("source code", code_listings.draw),
    Kind("chat conversation", chats.draw),
    Kind("presentation slide", slides.draw),
    Kind("web page", web_pages.draw),
    Kind("dashboard", dashboards.draw),
    Kind("business card", business_cards.draw),
    Kind("barcode", barcodes.draw),
)
PHRASES = tuple(kind.phrase for kind in KINDS)
