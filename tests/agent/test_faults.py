# SPDX-License-Identifier: Apache-2.0
"""The whole agent through a proxy that changes a CA's answers as other CAs
give theirs: a certificate, then its renewal, all the same."""

import os
import types

import pytest

from e2e import test_agent_faults as faults
from kit import fault_proxy


@pytest.mark.parametrize("name", faults.FAULTS)
def test_get_and_renew(agent, web_ca, name):
    site = f"f{list(faults.FAULTS).index(name)}.example"
    trust = os.path.join(agent.top, "proxy.pem")
    with fault_proxy.FaultProxy(web_ca, faults.FAULTS[name]) as proxy:
        with open(trust, "wb") as out:
            out.write(proxy.trust)
        faults.processing.left = 3
        agent.get(types.SimpleNamespace(url=proxy.url, cafile=trust), site)
        before = agent.live(site).read_bytes()
        faults.processing.left = 3
        agent.run("renew", "--force", site)
        assert agent.live(site).read_bytes() != before
        assert agent.certificate(site)["error"] is None
