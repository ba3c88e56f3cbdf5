# What a home router is born with: LAN bridge, WAN by DHCP, firewall of both families.
/interface/list/add name=WAN comment=defconf
/interface/list/add name=LAN comment=defconf
/interface/bridge/add name=bridge auto-mac=no admin-mac=48:A9:8A:00:00:02 comment=defconf
/interface/bridge/port/add bridge=bridge interface=ether2 comment=defconf
/interface/bridge/port/add bridge=bridge interface=ether3 comment=defconf
/interface/bridge/port/add bridge=bridge interface=ether4 comment=defconf
/interface/bridge/port/add bridge=bridge interface=ether5 comment=defconf
/interface/list/member/add list=LAN interface=bridge comment=defconf
/interface/list/member/add list=WAN interface=ether1 comment=defconf
/ip/address/add address=192.168.88.1/24 interface=bridge comment=defconf
/ip/dhcp-client/add interface=ether1 comment=defconf
/ip/pool/add name=default-dhcp ranges=192.168.88.10-192.168.88.254
/ip/dhcp-server/add name=defconf interface=bridge address-pool=default-dhcp
/ip/dhcp-server/network/add address=192.168.88.0/24 gateway=192.168.88.1 dns-server=192.168.88.1 comment=defconf
/ip/dns/set allow-remote-requests=yes
/ip/dns/static/add name=router.lan address=192.168.88.1 comment=defconf
/ip/firewall/filter/add chain=input action=accept connection-state=established,related,untracked \
    comment="defconf: accept established,related,untracked"
/ip/firewall/filter/add chain=input action=drop connection-state=invalid comment="defconf: drop invalid"
/ip/firewall/filter/add chain=input action=accept protocol=icmp comment="defconf: accept ICMP"
/ip/firewall/filter/add chain=input action=accept dst-address=127.0.0.1 comment="defconf: accept to local loopback (for CAPsMAN)"
/ip/firewall/filter/add chain=input action=drop in-interface-list=!LAN comment="defconf: drop all not coming from LAN"
/ip/firewall/filter/add chain=forward action=accept ipsec-policy=in,ipsec comment="defconf: accept in ipsec policy"
/ip/firewall/filter/add chain=forward action=accept ipsec-policy=out,ipsec comment="defconf: accept out ipsec policy"
/ip/firewall/filter/add chain=forward action=fasttrack-connection connection-state=established,related comment="defconf: fasttrack"
/ip/firewall/filter/add chain=forward action=accept connection-state=established,related,untracked \
    comment="defconf: accept established,related, untracked"
/ip/firewall/filter/add chain=forward action=drop connection-state=invalid comment="defconf: drop invalid"
/ip/firewall/filter/add chain=forward action=drop connection-state=new connection-nat-state=!dstnat in-interface-list=WAN \
    comment="defconf: drop all from WAN not DSTNATed"
/ip/firewall/nat/add chain=srcnat action=masquerade out-interface-list=WAN ipsec-policy=out,none comment="defconf: masquerade"
/ipv6/firewall/address-list/add list=bad_ipv6 address=::/128 comment="defconf: unspecified address"
/ipv6/firewall/address-list/add list=bad_ipv6 address=::1/128 comment="defconf: lo"
/ipv6/firewall/address-list/add list=bad_ipv6 address=fec0::/10 comment="defconf: site-local"
/ipv6/firewall/address-list/add list=bad_ipv6 address=::ffff:0.0.0.0/96 comment="defconf: ipv4-mapped"
/ipv6/firewall/filter/add chain=input action=accept connection-state=established,related,untracked \
    comment="defconf: accept established,related,untracked"
/ipv6/firewall/filter/add chain=input action=drop connection-state=invalid comment="defconf: drop invalid"
/ipv6/firewall/filter/add chain=input action=accept protocol=icmpv6 comment="defconf: accept ICMPv6"
/ipv6/firewall/filter/add chain=input action=drop in-interface-list=!LAN comment="defconf: drop everything else not coming from LAN"
/ipv6/firewall/filter/add chain=forward action=accept connection-state=established,related,untracked \
    comment="defconf: accept established,related,untracked"
/ipv6/firewall/filter/add chain=forward action=drop connection-state=invalid comment="defconf: drop invalid"
/ipv6/firewall/filter/add chain=forward action=drop src-address-list=bad_ipv6 comment="defconf: drop packets with bad src ipv6"
/ipv6/firewall/filter/add chain=forward action=drop dst-address-list=bad_ipv6 comment="defconf: drop packets with bad dst ipv6"
/ipv6/firewall/filter/add chain=forward action=accept protocol=icmpv6 comment="defconf: accept ICMPv6"
/ipv6/firewall/filter/add chain=forward action=drop in-interface-list=!LAN comment="defconf: drop everything else not coming from LAN"
/tool/mac-server/set allowed-interface-list=LAN
/tool/mac-server/mac-winbox/set allowed-interface-list=LAN
