# What the demo's owner added: a WireGuard provider. Its peer answers until the control surface says otherwise.
/interface/wireguard/add name=wg-vpn listen-port=51820 comment="VPN provider"
/interface/wireguard/peers/add interface=wg-vpn public-key="bmXOC+F1FxEMF9dyiK2H5/1SUtzH0JuVo51h2wPfgyo=" \
    endpoint-address=198.51.100.7 endpoint-port=51820 allowed-address=0.0.0.0/0 persistent-keepalive=25s
/ip/address/add address=10.66.0.2/32 interface=wg-vpn
