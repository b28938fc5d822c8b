#!/bin/bash
# Two hosts on one machine, as root on Linux: network namespaces, joined by a bridge, whose links the kernel limits.
#
#   benchmarks/two_hosts.sh up 1gbit       make them; prints what to give `distributed.py` for --mpiexec
#   benchmarks/two_hosts.sh down           take them away
#   benchmarks/two_hosts.sh -x 10.9.0.1 …  (mpiexec calls it so) run the words on that host
#
# MPICH's ranks take the processes of one machine for neighbours; UCX_TLS=tcp,self lets them talk by TCP all the same.
set -e
case "$1" in
up)
    ip link add lw-bridge type bridge
    ip addr add 10.9.0.254/24 dev lw-bridge
    ip link set lw-bridge up
    for i in 1 2; do
        ip netns add "lw-host$i"
        ip link add "lw-link$i" type veth peer name eth0 netns "lw-host$i"
        ip link set "lw-link$i" master lw-bridge up
        ip -n "lw-host$i" addr add "10.9.0.$i/24" dev eth0
        ip -n "lw-host$i" link set eth0 up
        ip -n "lw-host$i" link set lo up
        ip netns exec "lw-host$i" tc qdisc replace dev eth0 root tbf rate "$2" burst 256kb latency 20ms
    done
    echo "--mpiexec 'env UCX_TLS=tcp,self mpiexec -launcher ssh -launcher-exec $(realpath "$0")" \
        "-hosts 10.9.0.1,10.9.0.2 -localhost 10.9.0.254'"
    ;;
down)
    for i in 1 2; do ip netns del "lw-host$i"; done
    ip link del lw-bridge
    ;;
*)
    while [[ "$1" == -* ]]; do shift; done
    host=lw-host${1##*.}
    shift
    exec ip netns exec "$host" bash -c "$*"
    ;;
esac
