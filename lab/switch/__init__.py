"""An access switch as Cisco IOS behaves: SSH, SNMP, and a data plane that really filters (Open vSwitch)."""
