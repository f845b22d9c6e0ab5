# For scripts that fetch Debian packages without installing them. Source it, then:
#
#   apt=()
#   isolated_apt NAME WORK SUITE...    readies a private apt below the folder WORK, with the package lists of those suites
#   "${apt[@]}" download PACKAGE/SUITE
#   "${apt_cache[@]}" show PACKAGE/SUITE
#
# Nothing of the system changes: apt-get runs with its own list file, its own state and cache directories, and with the
# mirror and the keyring the system already uses. Packages are verified by apt as ever. NAME goes in front of messages.
# Suites that end in -security have a mirror of their own; older ones may be among the suites.

isolated_apt() {
	local name=$1 work=$2 uris mirror security suite options keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	shift 2
	# The mirror is whatever the system installs from: deb822 files and one-line files alike.
	uris=$(
		{ sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null || true
		  sed -n 's/^deb *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
		})
	mirror=$(grep -E '/debian/?$' <<<"$uris" | head -n 1 || true)
	if [ -z "$mirror" ]; then
		echo "$name: no Debian mirror found in /etc/apt: name one in /etc/apt/sources.list" >&2
		return 1
	fi
	# A system without one still has a mirror, which as a rule has both side by side.
	security=$(grep -E '/debian-security/?$' <<<"$uris" | head -n 1 || true)
	security=${security:-${mirror%/}-security}
	mkdir -p "$work/lists/partial" "$work/archives/partial"
	for suite; do
		case $suite in
		*-security) echo "deb [signed-by=$keyring] $security $suite main" ;;
		*) echo "deb [signed-by=$keyring] $mirror $suite main" ;;
		esac
	done >"$work/sources.list"
	: >"$work/status"
	options=(-q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status"
		-o "Dir::Cache::archives=$work/archives" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
	apt=(apt-get "${options[@]}")
	# shellcheck disable=SC2034
	apt_cache=(apt-cache "${options[@]}")
	"${apt[@]}" update >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; return 1; }
}
