"""Made-up personal data with and without sound checksums."""

from hypothesis import strategies as st
from stdnum import iban, luhn

ISSUERS = (("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("36", 14), ("6011", 16), ("3528", 16))


def _card(issuer: tuple[str, int], digits: str) -> str:
    first, length = issuer
    body = (first + digits)[: length - 1]
    return body + str(luhn.calc_check_digit(body))


def _account(country: str, digits: str) -> str:
    bban = {
        "DE": digits[:18],
        "NL": f"ABNA{digits[:10]}",
        "FR": digits[:23],
        "GB": f"WEST{digits[:14]}",
        "NO": digits[:11],
    }[country]
    return country + iban.calc_check_digits(f"{country}00{bban}") + bban


_digits = st.text("0123456789", min_size=23, max_size=23)
cards = st.builds(_card, st.sampled_from(ISSUERS), _digits)
accounts = st.builds(_account, st.sampled_from(["DE", "NL", "FR", "GB", "NO"]), _digits)
_name = st.from_regex(r"[a-z][a-z0-9_+-]{0,8}(\.[a-z0-9]{1,6}){0,2}", fullmatch=True)
_host = st.from_regex(r"([a-z0-9]{1,8}\.){1,2}(com|de|museum|example)", fullmatch=True)
mails = st.builds("{}@{}".format, _name, _host)
gaps = st.sampled_from(["", " ", "  ", "-", ".", "\n", ".\n", "\u00a0", "\u00ad", "\u200b"])


def grouped(value: str, gap: str) -> str:
    """Return a value in groups of four."""
    return gap.join(value[at : at + 4] for at in range(0, len(value), 4))


def slipped(value: str, at: int, by: int) -> str:
    """Return a number of which one digit is another."""
    place = 4 + at % (len(value) - 4)
    if not value[place].isdigit():
        return slipped(value, at + 1, by)
    return f"{value[:place]}{(int(value[place]) + by) % 10}{value[place + 1 :]}"
