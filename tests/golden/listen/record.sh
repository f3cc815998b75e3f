#!/usr/bin/env bash
# Records office.pcap anew, as root: real daemons in namespaces on one bridge, heard by tcpdump, about two minutes.
# Needs dnsmasq-base udhcpc lldpd avahi-daemon minidlna arping tcpdump. Usage: record.sh FILE
set -euo pipefail
out=$(realpath -m "$1") work=$(mktemp -d) tag="rec$$"
hosts=(gw printer camera phone pc nas)
declare -A mac=([gw]=00:1b:17:00:01:01 [printer]=00:26:73:11:22:33 [camera]=44:47:cc:aa:bb:01 [phone]=00:1e:f7:55:66:77
  [pc]=d8:9e:f3:01:02:03 [nas]=00:11:32:99:88:77)
pids=()
clean() {
  for pid in "${pids[@]}"; do kill -9 -- "-$pid" 2>/dev/null || true; done
  for h in "${hosts[@]}"; do ip netns del "$tag-$h" 2>/dev/null || true; done
  ip netns del "$tag-wire" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
inside() { local h=$1; shift; ip netns exec "$tag-$h" "$@"; }
start() { local h=$1; shift; setsid ip netns exec "$tag-$h" "$@" >"$work/$h.$RANDOM.log" 2>&1 & pids+=($!); }
own() { local h=$1; shift; start "$h" unshare -m -u --propagation private sh -c "hostname rec-$h; mount -t tmpfs none /run; mkdir -p /run/lldpd /run/avahi-daemon; $*"; }

ip netns add "$tag-wire"
ip -n "$tag-wire" link add br0 type bridge
ip -n "$tag-wire" link set br0 type bridge group_fwd_mask 0x4000 mcast_snooping 0
ip -n "$tag-wire" link set br0 up
for h in "${hosts[@]}"; do
  ip netns add "$tag-$h"
  ip -n "$tag-$h" link add eth0 address "${mac[$h]}" type veth peer name "to-$h" netns "$tag-wire"
  ip -n "$tag-wire" link set "to-$h" master br0 up
  inside "$h" sysctl -qw net.ipv4.conf.all.arp_notify=1 net.ipv4.conf.default.arp_notify=1
  ip -n "$tag-$h" link set lo up
  ip -n "$tag-$h" link set eth0 up
done
start wire tcpdump -q -i br0 --immediate-mode -U -w "$work/office.pcap"
sleep 1

ip -n "$tag-gw" addr add 10.77.0.1/24 dev eth0
start gw dnsmasq -d -C /dev/null -p 0 --dhcp-range=10.77.0.100,10.77.0.150,120 --dhcp-authoritative --no-ping --dhcp-broadcast \
  --dhcp-leasefile="$work/leases" --dhcp-host=00:26:73:11:22:33,10.77.0.20,RICOH-112233
own gw lldpd -d -cc -I eth0 -C eth0 -S "'Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3'" -P WS-C2960X-48TS-L

cat > "$work/udhcpc" <<'S'
#!/bin/sh
case "$1" in bound | renew) ip addr flush dev "$interface"; ip addr add "$ip/24" dev "$interface"; arping -q -c 2 -U -i "$interface" -S "$ip" "$ip" || true ;; esac
S
chmod +x "$work/udhcpc"
client() { local h=$1 name=$2; shift 2; start "$h" udhcpc -f -i eth0 -s "$work/udhcpc" -x "hostname:$name" -t 10 -T 2 "$@"; }
client printer RICOH-112233 -V "RICOH IM C3000"
client camera IPC-AABB01 -V "udhcp 1.22.1"
client phone SEP001EF7556677 -V "Cisco Systems, Inc. IP Phone CP-7841"
client pc TRADER-PC7 -V "MSFT 5.0"
client nas DiskStation
sleep 8

cat > "$work/avahi.conf" <<'S'
[server]
host-name=RNP002673112233
enable-dbus=no
use-ipv6=no
[reflector]
S
mkdir -p "$work/services"
cat > "$work/services/ipp.service" <<'S'
<service-group><name>RICOH IM C3000 [112233]</name><service><type>_ipp._tcp</type><port>631</port>
<txt-record>txtvers=1</txt-record><txt-record>ty=RICOH IM C3000</txt-record><txt-record>product=(RICOH IM C3000)</txt-record>
<txt-record>usb_MFG=RICOH</txt-record><txt-record>usb_MDL=IM C3000</txt-record>
<txt-record>UUID=4509a320-00a0-008f-00b6-002673112233</txt-record></service></service-group>
S
own printer "mount --bind $work/services /etc/avahi/services; avahi-daemon --no-drop-root --no-rlimits --no-chroot -f $work/avahi.conf"
own phone lldpd -d -i -M 3 -I eth0 -C eth0 -S "'Cisco IP Phone 7841, V1, sip78xx.12-8-1-0001-455'"
mkdir -p "$work/media" "$work/db"
cat > "$work/minidlna.conf" <<S
port=8200
network_interface=eth0
media_dir=$work/media
db_dir=$work/db
log_dir=$work/db
friendly_name=DiskStation
model_name=DS920+
serial=2010QWR8X9ABC
notify_interval=30
S
start nas minidlnad -S -f "$work/minidlna.conf"
sleep 75
inside pc arping -q -c 2 -i eth0 10.77.0.1 || true
sleep 2
sleep 1
cp "$work/office.pcap" "$out"
tshark -r "$out" -q -z io,phs 2>/dev/null || true
