"""What every test stands on: the fixtures, and sockets that reach nothing but this machine."""

import pytest
from pytest_socket import socket_allow_hosts

pytest_plugins = ["tests.fixtures.database", "tests.fixtures.app", "tests.fixtures.browser", "tests.fixtures.program",
                  "tests.fixtures.sms",
                  "tests.fixtures.mail", "tests.fixtures.ldap", "tests.fixtures.openid"]  # fmt: skip


@pytest.fixture(autouse=True)
def only_this_machine() -> None:
    """Refuse connections to anything but the loopback interface and local sockets."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
