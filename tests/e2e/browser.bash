# A headless Chromium, driven through chromedriver with curl: no more of WebDriver than the tests of pages need.

# Starts the driver and one session. Sets driver_pid, driver and session, for browser_stop.
browser_start() {
	local answer arguments='"--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"'

	command -v chromedriver >/dev/null || skip_or_fail "no chromedriver"
	# Its sandbox refuses root.
	[ "$(id -u)" -ne 0 ] || arguments="$arguments, \"--no-sandbox\""
	chromedriver --port=0 >"$BATS_FILE_TMPDIR/driver.log" 2>&1 </dev/null 3>&- &
	driver_pid=$!
	wait_on "$driver_pid" grep -q 'started successfully on port' "$BATS_FILE_TMPDIR/driver.log" || { cat "$BATS_FILE_TMPDIR/driver.log"; return 1; }
	driver=$(sed -n 's/.* started successfully on port \([0-9]*\).*/http:\/\/127.0.0.1:\1/p' "$BATS_FILE_TMPDIR/driver.log")
	session=
	answer=$(ask POST /session "{\"capabilities\": {\"alwaysMatch\": {\"goog:loggingPrefs\": {\"browser\": \"ALL\"},
		\"goog:chromeOptions\": {\"args\": [$arguments, \"--user-data-dir=$BATS_FILE_TMPDIR/profile\"]}}}}")
	session=/session/$(jq -r .value.sessionId <<<"$answer")
	export driver_pid driver session
	[ "$session" != /session/null ] || { echo "no browser: $answer"; return 1; }
}

browser_stop() {
	[ -z "${driver_pid:-}" ] || { ask DELETE ''; kill "$driver_pid"; } >/dev/null 2>&1 || true
}

# ask METHOD PATH [BODY]: the driver's answer, {"value": …}.
ask() {
	curl -s --noproxy '*' --max-time $patience -X "$1" -H 'content-type: application/json' ${3:+-d "$3"} "$driver$session$2"
}

# A string as JSON; jq takes longer to start than all else here.
quoted() {
	local s=${1//\\/\\\\}
	s=${s//\"/\\\"}
	s=${s//$'\n'/\\n}
	printf '"%s"' "${s//$'\t'/\\t}"
}

# js EXPRESSION: its value, as text.
js() {
	ask POST /execute/sync "{\"script\": $(quoted "return $1"), \"args\": []}" |
		jq -r '.value | if type == "object" and has("error") then "ERROR \(.message)" else . end'
}

open_page() {
	ask POST /url "{\"url\": $(quoted "file://$1")}" >/dev/null
}

# The key's name as in KeyboardEvent, or the character itself, as JSON.
key_code() {
	case $1 in
	Backspace) echo '"\ue003"' ;;
	Tab) echo '"\ue004"' ;;
	Enter) echo '"\ue007"' ;;
	Escape) echo '"\ue00c"' ;;
	End) echo '"\ue010"' ;;
	Home) echo '"\ue011"' ;;
	ArrowLeft) echo '"\ue012"' ;;
	ArrowUp) echo '"\ue013"' ;;
	ArrowRight) echo '"\ue014"' ;;
	ArrowDown) echo '"\ue015"' ;;
	*) quoted "$1" ;;
	esac
}

# press KEY...: one after the other, whatever has the focus.
press() {
	local key actions=

	for key; do
		key=$(key_code "$key")
		actions="$actions${actions:+, }{\"type\": \"keyDown\", \"value\": $key}, {\"type\": \"keyUp\", \"value\": $key}"
	done
	ask POST /actions "{\"actions\": [{\"type\": \"key\", \"id\": \"keys\", \"actions\": [$actions]}]}" >/dev/null
}

# click SELECTOR: in the middle of the first element, as a pointer would.
click() {
	local element answer

	element=$(ask POST /element "{\"using\": \"css selector\", \"value\": $(quoted "$1")}")
	[[ $element =~ \"(element-[^\"]*)\":\"([^\"]*)\" ]] || { complain "nothing to click: $1"; return 0; }
	answer=$(ask POST "/element/${BASH_REMATCH[2]}/click" '{}')
	[[ $answer == *'"value":null'* ]] || complain "cannot be clicked: $1: $answer"
}

# What scripts and the browser said since the last time; nothing is what is wanted.
console() {
	ask POST /se/log '{"type": "browser"}' | jq -r '.value[].message'
}

resize() {
	ask POST /window/rect "{\"width\": $1, \"height\": $2}" >/dev/null
}

screenshot() {
	ask GET /screenshot | jq -r .value | base64 -d >"$1"
}
