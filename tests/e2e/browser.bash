# A headless Chromium, driven through chromedriver with curl: no more of WebDriver than the tests of pages need.

# Starts the driver and one session. Sets driver_pid, driver and session, for browser_stop.
browser_start() {
	local answer tries arguments='"--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"'

	command -v chromedriver >/dev/null || skip_or_fail "no chromedriver"
	# Its sandbox refuses root.
	[ "$(id -u)" -ne 0 ] || arguments="$arguments, \"--no-sandbox\""
	chromedriver --port=0 >"$BATS_FILE_TMPDIR/driver.log" 2>&1 </dev/null 3>&- &
	driver_pid=$!
	for tries in {1..100}; do
		driver=$(sed -n 's/.* started successfully on port \([0-9]*\).*/http:\/\/127.0.0.1:\1/p' "$BATS_FILE_TMPDIR/driver.log")
		[ -z "$driver" ] || break
		sleep 0.1
	done
	session=
	answer=$(ask POST /session "{\"capabilities\": {\"alwaysMatch\": {\"goog:loggingPrefs\": {\"browser\": \"ALL\"},
		\"goog:chromeOptions\": {\"args\": [$arguments, \"--user-data-dir=$BATS_FILE_TMPDIR/profile\"]}}}}")
	session=/session/$(jq -r .sessionId <<<"$answer")
	export driver_pid driver session
	[ "$session" != /session/null ] || { echo "no browser: $answer"; return 1; }
}

browser_stop() {
	[ -z "${driver_pid:-}" ] || { ask DELETE ''; kill "$driver_pid"; } >/dev/null 2>&1 || true
}

# ask METHOD PATH [BODY]: the answer's value, as JSON.
ask() {
	curl -s --noproxy '*' --max-time 20 -X "$1" -H 'content-type: application/json' ${3:+-d "$3"} "$driver$session$2" | jq .value
}

# js EXPRESSION: its value, as text.
js() {
	ask POST /execute/sync "$(jq -n --arg script "return $1" '{script: $script, args: []}')" |
		jq -r 'if type == "object" and has("error") then "ERROR \(.message)" else . end'
}

open_page() {
	ask POST /url "$(jq -n --arg url "file://$1" '{url: $url}')" >/dev/null
}

# The key's name as in KeyboardEvent, or the characters themselves.
key_code() {
	case $1 in
	Backspace) printf '\ue003' ;;
	Tab) printf '\ue004' ;;
	Enter) printf '\ue007' ;;
	Escape) printf '\ue00c' ;;
	End) printf '\ue010' ;;
	Home) printf '\ue011' ;;
	ArrowLeft) printf '\ue012' ;;
	ArrowUp) printf '\ue013' ;;
	ArrowRight) printf '\ue014' ;;
	ArrowDown) printf '\ue015' ;;
	*) printf '%s' "$1" ;;
	esac
}

# press KEY...: one after the other, whatever has the focus.
press() {
	local key actions=

	for key; do
		key=$(LC_ALL=C.UTF-8 key_code "$key" | jq -R .)
		actions="$actions${actions:+, }{\"type\": \"keyDown\", \"value\": $key}, {\"type\": \"keyUp\", \"value\": $key}"
	done
	ask POST /actions "{\"actions\": [{\"type\": \"key\", \"id\": \"keys\", \"actions\": [$actions]}]}" >/dev/null
}

# click SELECTOR: in the middle of the first element, as a pointer would.
click() {
	local element

	element=$(ask POST /element "$(jq -n --arg s "$1" '{using: "css selector", value: $s}')" | jq -r '.[]?' | head -n 1)
	ask POST "/element/$element/click" '{}' | jq -e 'if . == null then true else (.message | debug | false) end' >/dev/null ||
		complain "nothing to click: $1"
}

# What scripts and the browser said since the last time; nothing is what is wanted.
console() {
	ask POST /se/log '{"type": "browser"}' | jq -r '.[].message'
}

resize() {
	ask POST /window/rect "{\"width\": $1, \"height\": $2}" >/dev/null
}

screenshot() {
	ask GET /screenshot | jq -r . | base64 -d >"$1"
}
