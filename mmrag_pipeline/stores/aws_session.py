"""Sessions with the credentials of boto3's own chain, and of a role assumed with them."""

import logging
from typing import TYPE_CHECKING

from mmrag_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from botocore.credentials import AssumeRoleCredentialFetcher, Credentials
    from botocore.session import Session as Core

_ROLE = "mmrag-assumed-role"


def open_session(region: str | None, profile: str | None, *, role_arn: str | None) -> "Core":
    """Return a session that has credentials, those of the role if there is one.

    A client that was made without any would stay without: their absence is a SettingsError
    here, and the next call finds those that have come meanwhile.
    """
    for logger in ("botocore.credentials", "botocore.tokens"):
        logging.getLogger(logger).addFilter(_without_traceback)
    core = _chain(region, profile)
    own = _credentials(core)
    if role_arn:
        fetcher = _role_fetcher(core, own, role_arn)
        core = _chain(region, profile)
        _give(core, fetcher)
    return core


def _without_traceback(record: logging.LogRecord) -> bool:
    """Let botocore say that renewing credentials failed, without what a server said to it."""
    record.exc_info = record.exc_text = None
    return True


def _chain(region: str | None, profile: str | None) -> "Core":
    """Return a session with the region and profile of the settings and boto3's own chain."""
    from botocore.exceptions import BotoCoreError, ProfileNotFound
    from botocore.session import Session as Core

    core = Core(profile=profile)
    try:
        if region:
            core.set_config_variable("region", region)
        core.get_scoped_config()
    except ProfileNotFound:
        name = profile or core.get_config_variable("profile")
        raise SettingsError(
            f"the AWS profile {name!r:.100} is in no configuration file: set MMRAG_AWS_PROFILE "
            "(or AWS_PROFILE) to one that `aws configure list-profiles` shows"
        ) from None
    except BotoCoreError as error:
        raise SettingsError(
            f"the AWS configuration files cannot be read ({type(error).__name__}): check "
            "~/.aws/config and ~/.aws/credentials"
        ) from None
    return core


def _credentials(core: "Core") -> "Credentials":
    from botocore.exceptions import BotoCoreError

    trouble = "no AWS credentials were found"
    try:
        if found := core.get_credentials():
            return found
    except BotoCoreError as error:
        trouble = f"AWS credentials could not be had ({type(error).__name__})"
    raise SettingsError(
        f"{trouble}: set MMRAG_AWS_PROFILE to a profile that has some, set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or run with an instance or pod role"
    ) from None


def _role_fetcher(core: "Core", own: "Credentials", role_arn: str) -> "AssumeRoleCredentialFetcher":
    """Return what asks the STS of the session's region for credentials of the role."""
    from botocore.credentials import AssumeRoleCredentialFetcher

    return AssumeRoleCredentialFetcher(
        core.create_client, own, role_arn, {"RoleSessionName": "mmrag"}
    )


def _give(core: "Core", fetcher: "AssumeRoleCredentialFetcher") -> None:
    """Let a session have these credentials only, renewed before they expire."""
    from botocore.credentials import (
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )

    class Role(CredentialProvider):
        METHOD = _ROLE

        def load(self) -> DeferredRefreshableCredentials:
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, _ROLE)

    core.register_component("credential_provider", CredentialResolver([Role()]))
