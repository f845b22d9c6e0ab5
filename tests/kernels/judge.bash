judge() { echo "ok $1 stub"; }
