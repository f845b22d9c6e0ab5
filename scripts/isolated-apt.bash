# For scripts that fetch Debian packages without installing them. Source it, then:
#
#   debian_mirror NAME                 prints the mirror that the system installs from
#   apt=()
#   isolated_apt NAME WORK SUITE...    readies a private apt below the folder WORK, with the package lists of those suites,
#                                      or of source packages where it says src:SUITE
#   "${apt[@]}" download PACKAGE/SUITE
#   "${apt[@]}" source --download-only PACKAGE/SUITE
#   "${apt_cache[@]}" show PACKAGE/SUITE
#
# Nothing of the system changes: apt-get runs with its own list file, its own state and cache directories, and with the
# mirror and the keyring the system already uses. Packages are verified by apt as ever. NAME goes in front of messages.

debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# debian_mirror NAME: prints whatever the system installs from: deb822 files and one-line files alike.
debian_mirror() {
	local mirror
	mirror=$(
		{ sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null || true
		  sed -n 's/^deb *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
		} | grep -E '/debian/?$' | head -n 1 || true)
	if [ -z "$mirror" ]; then
		echo "$1: no Debian mirror found in /etc/apt: name one in /etc/apt/sources.list" >&2
		return 1
	fi
	echo "$mirror"
}

# debian_security_mirror MIRROR: prints that of suites whose names end in -security: the system's own, or else the one that
# mirrors as a rule have beside the rest.
debian_security_mirror() {
	local own
	own=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{sources,list} 2>/dev/null |
		grep -v '^ *#' | grep -oE '[a-z+]+:[^ ]+/debian-security/?( |$)' | head -n 1 | tr -d ' ' || true)
	echo "${own:-${1%/}-security}"
}

isolated_apt() {
	local name=$1 work=$2 mirror suite
	shift 2
	mirror=$(debian_mirror "$name") || return 1
	mkdir -p "$work/lists/partial" "$work/archives/partial"
	for suite; do
		case $suite in
		*-security) echo "deb [signed-by=$debian_keyring] $(debian_security_mirror "$mirror") $suite main" ;;
		src:*) echo "deb-src [signed-by=$debian_keyring] $mirror ${suite#src:} main" ;;
		*) echo "deb [signed-by=$debian_keyring] $mirror $suite main" ;;
		esac
	done >"$work/sources.list"
	: >"$work/status"
	apt=(apt-get -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status"
		-o "Dir::Cache::archives=$work/archives" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
	# shellcheck disable=SC2034
	apt_cache=(apt-cache "${apt[@]:1}")
	"${apt[@]}" update >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; return 1; }
}
