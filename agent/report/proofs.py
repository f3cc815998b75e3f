"""What evidence, plans and receipts say, as sentences with places, which agent.report.reasons tells in a language."""

from __future__ import annotations

from agent.report.words import N_

EVIDENCE = (
    N_("last seen {day}"),
    N_("present, last seen {day}"),
    N_("every {days} days"),
    N_("every management service was looked for"),
    N_("open {ports}"),
    N_("firmware {firmware}"),
    N_("uses {services}: the policy names no peer"),
    N_("password default-accepted"),
    N_("password default-refused"),
    N_("password changed"),
    N_("password no-login"),
    N_("managed no"),
    N_("firewall yes"),
    N_("vendor record {vendor}"),
    N_("waiver {waiver} until {day}"),
    N_("control {control}"),
)
STEPS = (
    N_("the switch's clock"),
    N_("the way to AAA, DHCP relay, NTP and syslog"),
    N_("preflight"),
    N_("undo file"),
    N_("arm the way back"),
    N_("create, read back and prove"),
    N_("the plan's machines are on their ports"),
    N_("bind"),
    N_("a new session opens"),
    N_("running configuration is the plan's"),
    N_("{port} filters by {acl}"),
    N_("the hardware's table has grown"),
    N_("no alarm in the log"),
    N_("{port} still learns its machines"),
    N_("{target} no longer answers"),
    N_("{target} still answers"),
    N_("{target} answers as before"),
    N_("{target} opens only what the policy names"),
    N_("confirm"),
    N_("save"),
    N_("look again"),
    N_("take back"),
    N_("release"),
)
DETAILS = (
    N_("{seconds} s off"),
    N_("the switch names no such server"),
    N_("asked from here"),
    N_("what it sends is not seen here"),
    N_("no TCP service of it may be asked from here"),
    N_("{before} entries were free, {after} are"),
)
PLANS = (
    N_("{flow} from {peers}"),
    N_("{flow} to {peers}"),
    N_("{open} from anybody else"),
    N_("anything else that it opens itself"),
    N_("not in the policy"),
    N_("its replies are dropped at its port, so no connection comes about"),
    N_("its replies are dropped at its port; one-way packets still reach it"),
    N_("exception {waiver} until {day}"),
    N_("its class is not known: name it with `lanward device set`"),
    N_("the policy says nothing about the class {class}"),
    N_("its class {class} is protected"),
    N_("it is on the list of protected devices"),
    N_("no IPv4 address is known"),
    N_("no MAC is known"),
    N_("its edge port is not known"),
    N_("{switch} is not a switch that lanward may change"),
    N_("its MAC is not on the port now"),
    N_("{switch} could not be read"),
    N_("{switch} has no port {port}"),
    N_("its running configuration differs from its startup configuration: somebody's work is not saved"),
    N_("a rollback timer is running on it: somebody's change is not confirmed"),
    N_("{who} is on this port"),
)
"""What a plan does to traffic, and why it leaves a device alone."""

PROOFS = (*EVIDENCE, *STEPS, *DETAILS, *PLANS)
