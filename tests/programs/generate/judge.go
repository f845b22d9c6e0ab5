package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// The judge has three tasks: to find from the sums of the runtime what each expression made (decide), to find which rows of the audit
// speak of which expression (place), and to compare (compare). What it cannot decide it counts.

type row struct {
	Verdict   string
	Claim     string
	File      string
	Line      int
	Column    int
	Expr      string
	Function  string
	Type      string
	Cause     string
	Objects   int
	Bytes     int
	Smallest  int
	Largest   int
	Ambiguous bool
	Summary   string
}

func (r *row) String() string {
	mark := ""
	if r.Ambiguous {
		mark = "?"
	}
	expr := r.Expr
	if expr == "" {
		expr = "-"
	}
	return fmt.Sprintf("%s%s %d objects %d bytes at %d:%d %s (%s)", r.Verdict, mark, r.Objects, r.Bytes, r.Line, r.Column, expr, r.Cause)
}

// What is known of an entity besides the table.
type account struct {
	*entity
	hits     int
	large    []int
	solution int // its index in the statement's solutions
	wrong    bool
	joined   bool // no row speaks of it alone
	many     bool
	shared   bool // with others in an ambiguous row
	decided  bool
	objects  int // made, where decided
	most     int // otherwise between objects and most
	rows     []*row
}

type trial struct {
	table
	dir       string
	byID      map[int]*account
	at        map[string][]*account // by file
	sums      []map[int]int         // of each statement: objects by class
	mallocs   []int
	beyond    []int // bytes of what is larger than the classes
	hits      []int
	rows      []*row
	wrong     int
	kinds     map[string]int
	solutions map[int][][]int // of a statement
	counters  struct {
		wrappers, rows, ambiguous, unplaced, byLine, undecided, decided, unaccounted, other, harness int
	}
	sources map[string][]string
	open    map[string]int // undecided, by kind
}

func judge(dir, truth, audit string) (bool, error) {
	t := &trial{dir: dir, byID: map[int]*account{}, at: map[string][]*account{}, kinds: map[string]int{}, sources: map[string][]string{}, solutions: map[int][][]int{}, open: map[string]int{}}
	if err := t.read(truth, audit); err != nil {
		return false, err
	}
	for _, st := range t.Statements {
		t.decide(st)
	}
	t.join()
	t.place()
	t.compare()
	t.summary()
	return t.wrong > 0, nil
}

func (t *trial) read(truth, audit string) error {
	text, err := os.ReadFile(filepath.Join(t.dir, "table.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &t.table); err != nil {
		return err
	}
	file, err := os.Open(truth)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch fields[0] {
		case "hits":
			n, _ := strconv.Atoi(fields[2])
			t.hits = append(t.hits, n)
		case "statement":
			sums := map[int]int{}
			mallocs, _ := strconv.Atoi(fields[2])
			beyond, _ := strconv.Atoi(fields[3])
			left := mallocs
			for _, f := range fields[4:] {
				var size, n int
				fmt.Sscanf(f, "%d=%d", &size, &n)
				beyond -= size * n
				if size != small {
					sums[size] = n
					left -= n
				}
			}
			if left != 0 {
				sums[small] = left
			}
			t.beyond = append(t.beyond, beyond)
			t.sums, t.mallocs = append(t.sums, sums), append(t.mallocs, mallocs)
		}
	}
	if len(t.sums) != len(t.Statements) {
		return fmt.Errorf("%s: %d statements were measured of %d", truth, len(t.sums), len(t.Statements))
	}
	text, err = os.ReadFile(audit)
	if err != nil {
		return err
	}
	var all struct{ Verdicts []*row }
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("%s: %v", audit, err)
	}
	t.rows = all.Verdicts
	for _, r := range t.rows {
		// A variable of the compiler's own, for which the statement or the call stands that it is made for.
		if r.Cause == "new object" && ownCall.MatchString(r.Expr) {
			r.Expr = ".autotmp_"
		}
	}
	for _, e := range t.Entities {
		a := &account{entity: e, many: e.Many}
		if e.Hit >= 0 {
			a.hits = t.hits[e.Hit]
		}
		if e.Large >= 0 {
			a.large = append(a.large, t.hits[e.Large])
		}
		t.byID[e.ID] = a
		t.at[e.File] = append(t.at[e.File], a)
	}
	return nil
}

// ---- what each expression made ----

// decide looks for all the ways in which the entities of a statement can have made what was made there. What is the same in all of
// them is decided.
func (t *trial) decide(st *statement) {
	var as []*account
	for _, id := range st.Entities {
		as = append(as, t.byID[id])
	}
	sums := t.sums[st.ID]
	var open *account
	reserved := map[int]bool{} // blocks that are not the open one's
	if st.Open {
		for i, a := range as {
			if a.many {
				open = a
				as = append(as[:i:i], as[i+1:]...)
				break
			}
		}
		for _, a := range as {
			for _, c := range a.Classes {
				reserved[c] = true
			}
		}
	}
	for _, a := range as { // one of a statement at most is so large
		if len(a.Classes) == 1 && a.Classes[0] > 20000 && t.beyond[st.ID] > 0 {
			n := t.beyond[st.ID] / a.Classes[0]
			sums[a.Classes[0]] = n
			if sums[small] -= n; sums[small] == 0 {
				delete(sums, small)
			}
		}
	}
	left := map[int]int{}
	for c, n := range sums {
		left[c] = n
	}
	// The fewest choices first.
	order := append([]*account{}, as...)
	sort.SliceStable(order, func(i, j int) bool { return width(order[i]) < width(order[j]) })
	all := order
	if open != nil {
		all = append(append([]*account{}, order...), open)
	}
	chosen := make([]int, len(all))
	low, high := make([]int, len(all)), make([]int, len(all))
	found, nodes := 0, 0
	var try func(i int)
	try = func(i int) {
		if nodes++; nodes > 2000000 {
			return
		}
		if i == len(order) {
			rest := 0
			for c, n := range left {
				if n != 0 && (open == nil || reserved[c]) {
					return
				}
				rest += n
			}
			if open != nil {
				chosen[len(order)] = rest
			}
			if found < maxSolutions {
				t.solutions[st.ID] = append(t.solutions[st.ID], append([]int{}, chosen...))
			}
			for k, n := range chosen {
				if found == 0 || n < low[k] {
					low[k] = n
				}
				if found == 0 || n > high[k] {
					high[k] = n
				}
			}
			found++
			return
		}
		a := order[i]
		for _, n := range options(a) {
			chosen[i] = n
			if n == 0 {
				try(i + 1)
				continue
			}
			of := a.Classes
			if of == nil {
				for c := range left {
					of = append(of, c)
				}
				sort.Ints(of)
			}
			for _, c := range of {
				if left[c] >= n {
					left[c] -= n
					try(i + 1)
					left[c] += n
				}
			}
		}
	}
	try(0)
	if found == 0 || nodes > 2000000 {
		t.counters.unaccounted++
		fmt.Printf("NO ACCOUNT of statement %d (%s), %s:%d: made %v\n", st.ID, st.Form, st.File, st.From, sums)
		for _, a := range as {
			fmt.Printf("    %s %v classes %v hits %d counts %v\n", a.Kind, a.Keys, a.Classes, a.hits, a.Counts)
			a.most = t.mallocs[st.ID]
		}
		t.show(st.File, st.From, st.To)
		return
	}
	if found >= maxSolutions {
		delete(t.solutions, st.ID)
	}
	for k, a := range all {
		a.solution = k
		a.decided, a.objects, a.most = low[k] == high[k], low[k], high[k]
	}
}

const maxSolutions = 20000

func width(a *account) int {
	n := len(a.Classes) + 1
	if a.Classes == nil {
		n = 20
	}
	return n * len(options(a))
}

func options(a *account) []int {
	out := []int{0}
	of := append([]int{a.hits}, a.Counts...)
	if len(a.large) > 0 {
		of = a.large
	}
	for _, n := range of {
		known := false
		for _, o := range out {
			known = known || o == n
		}
		if !known && n <= a.hits {
			out = append(out, n)
		}
	}
	return out
}

// ---- which rows speak of which expression ----

var numbered = regexp.MustCompile(`[A-Za-z]([0-9][0-9]+)\b`)

var ownCall = regexp.MustCompile(`^(go |defer |t[0-9]+\.Run\()`)

func keysIn(expr string) map[int]bool {
	keys := map[int]bool{}
	if strings.HasPrefix(expr, ".autotmp_") {
		return keys
	}
	for _, m := range numbered.FindAllStringSubmatch(expr, -1) {
		n, _ := strconv.Atoi(m[1])
		keys[n] = true
	}
	return keys
}

func (a *account) covers(line, column int) bool {
	return (line > a.Line || line == a.Line && column >= a.Column) && (line < a.Line2 || line == a.Line2 && column <= a.Column2)
}

func (a *account) shares(keys map[int]bool) bool {
	for _, k := range a.Keys {
		if !keys[k] {
			return false
		}
	}
	return len(a.Keys) > 0
}

// innermost: those of which no other begins later or ends earlier.
func innermost(as []*account) []*account {
	var out []*account
	for _, a := range as {
		inner := false
		for _, b := range as {
			if a.covers(b.Line, b.Column) && a.covers(b.Line2, b.Column2) && !(b.covers(a.Line, a.Column) && b.covers(a.Line2, a.Column2)) {
				inner = true
			}
		}
		if !inner {
			out = append(out, a)
		}
	}
	return out
}

// Which causes can be an entity's of that kind.
var causes = map[string][]string{
	"new":               {"new object"},
	"elsewhere":         {},
	"make":              {"make slice", "new object"},
	"slice literal":     {"new object"},
	"closure":           {"closure"},
	"method value":      {"method value", "closure"},
	"string conversion": {"string/[]byte conversion", "new object"},
	"concatenation":     {"string concatenation", "string/[]byte conversion"},
	"box":               {"interface conversion", "new object"},
	"argument":          {"new object"},
	"append":            {"append growth", "string/[]byte conversion"},
	"moved":             {"new object"},
	"captured":          {"new object"},
	"chan":              {"make chan"},
	"buffer":            {},
	"map":               {"make map", "map growth", "new object"},
	"go":                {"closure"},
	"runtime":           {"go statement", "defer", "runtime internal"},
}

// What the compiler's text of an expression says by its form.
func kindsOfText(expr string) []string {
	switch {
	case expr == "func literal":
		return []string{"closure", "go"}
	case expr == "... argument":
		return []string{"argument"}
	case expr == "append":
		return []string{"append"}
	case strings.HasPrefix(expr, ".autotmp_"):
		return []string{"captured", "new"}
	case strings.HasPrefix(expr, "&"), strings.HasPrefix(expr, "new("):
		return []string{"new", "box"}
	case strings.HasPrefix(expr, "make("):
		return []string{"make", "chan", "map", "box"}
	case strings.HasPrefix(expr, "[]"):
		return []string{"slice literal", "box"}
	case strings.HasPrefix(expr, "any("):
		return []string{"box"}
	case strings.HasPrefix(expr, "string("), strings.HasPrefix(expr, "([]"):
		return []string{"string conversion", "box", "append"}
	}
	return nil
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (r *row) fits(a *account, expr string) bool {
	if a.Kind == "buffer" {
		return false
	}
	if r.Cause != "unknown" && !has(causes[a.Kind], r.Cause) {
		return false
	}
	if kinds := kindsOfText(expr); kinds != nil && !has(kinds, a.Kind) {
		return false
	}
	return true
}

func filter(as []*account, keep func(*account) bool) []*account {
	var out []*account
	for _, a := range as {
		if keep(a) {
			out = append(out, a)
		}
	}
	return out
}

// candidates of a row; sure: those whose place and text it has.
func (t *trial) candidates(r *row, expr string) (sure, others []*account) {
	keys := keysIn(expr)
	fits := filter(t.at[r.File], func(a *account) bool { return r.fits(a, expr) })
	here := filter(fits, func(a *account) bool { return a.Line <= r.Line && r.Line <= a.Line2 })
	if r.Column == 0 && expr == "" {
		return nil, here
	}
	covering := filter(here, func(a *account) bool { return r.Column > 0 && a.covers(r.Line, r.Column) })
	if r.Claim == "" { // the text is the source's, not the compiler's
		return innermost(covering), here
	}
	if len(keys) > 0 {
		if as := innermost(filter(covering, func(a *account) bool { return a.shares(keys) })); len(as) > 0 {
			return as, nil
		}
		if as := filter(here, func(a *account) bool { return a.shares(keys) }); len(as) > 0 {
			return as, nil
		}
		// What stood in a function literal that was inlined, and what Go 1.19 boxes, is said to be at the parenthesis of a call.
		for _, st := range t.Statements {
			if st.File == r.File && st.From <= r.Line && r.Line <= st.To {
				as := filter(fits, func(a *account) bool { return a.Statement == st.ID && a.shares(keys) })
				if len(as) > 0 {
					return as, nil
				}
			}
		}
	}
	keyless := filter(here, func(a *account) bool { return len(a.Keys) == 0 })
	sure = innermost(filter(covering, func(a *account) bool { return len(a.Keys) == 0 }))
	if kindsOfText(expr) != nil {
		return sure, filter(keyless, func(a *account) bool { return has(kindsOfText(expr), a.Kind) })
	}
	return sure, filter(keyless, func(a *account) bool { return a.Kind == "box" })
}

// inStatement: what stands in a function literal that was inlined is said to be at the end of the literal, on another line maybe.
func (t *trial) inStatement(r *row, expr string) []*account {
	for _, st := range t.Statements {
		if st.File == r.File && st.From <= r.Line && r.Line <= st.To {
			return filter(t.at[r.File], func(a *account) bool {
				return a.Statement == st.ID && r.fits(a, expr) && (len(a.Keys) == 0 || expr == "" || a.shares(keysIn(expr)))
			})
		}
	}
	return nil
}

func (t *trial) place() {
	harness := func(r *row) bool {
		return r.File == "main.go" || r.File == "lib/lib.go" || r.File == "lib/seq.go"
	}
	// Those with positions first, of these those that made something: the others take what is left.
	order := func(r *row) int {
		switch {
		case r.Column == 0:
			return 2
		case r.Objects == 0:
			return 1
		}
		return 0
	}
	rows := filterRows(t.rows, func(r *row) bool { return !harness(r) })
	t.counters.harness = len(t.rows) - len(rows)
	t.counters.rows = len(rows)
	sort.SliceStable(rows, func(i, j int) bool { return order(rows[i]) < order(rows[j]) })
	for _, r := range rows {
		if r.Ambiguous {
			t.counters.ambiguous++
			fmt.Printf("AMBIGUOUS go 1.%d seed %d %s: %s\n", t.Go, t.RandomSeed, r.File, r)
			t.show(r.File, r.Line, r.Line)
		}
		if r.Column == 0 {
			t.counters.byLine++
		}
		if r.Ambiguous && len(splitExprs(r.Expr)) > 1 {
			t.share(r)
			continue
		}
		best := t.best(r, r.Expr)
		if best == nil {
			t.counters.unplaced++
			t.report("unplaced", nil, r, fmt.Sprintf("no expression is known there: %s", r))
			continue
		}
		best.rows = append(best.rows, r)
	}
}

// best of the expressions that a row may speak of.
func (t *trial) best(r *row, expr string) *account {
	if strings.HasSuffix(r.File, "<autogenerated>") {
		return t.inWrapper(r)
	}
	sure, others := t.candidates(r, expr)
	if len(sure)+len(others) == 0 {
		others = t.inStatement(r, expr)
	}
	var best *account
	most := -1
	for _, a := range sure {
		n := liking(r, a) + 5
		if a.Line == r.Line && a.Column == r.Column {
			n += 10
		}
		if n > most {
			best, most = a, n
		}
	}
	for _, a := range others {
		if n := liking(r, a); n > most {
			best, most = a, n
		}
	}
	return best
}

// inWrapper: what a method that the compiler made has of the method that it calls. The numbers in its name are the expression's.
func (t *trial) inWrapper(r *row) *account {
	keys := keysIn(r.Expr)
	if len(keys) == 0 {
		keys = keysIn(r.Function)
	}
	for _, e := range t.Entities {
		if a := t.byID[e.ID]; a.Statement < 0 && a.shares(keys) && r.fits(a, r.Expr) {
			t.counters.wrappers++
			return a
		}
	}
	return nil
}

// share: one row for several expressions, and the place of the first of them. Nothing is said against any of them alone, if there
// are such expressions that made together what the row has.
func (t *trial) share(r *row) {
	exprs := splitExprs(r.Expr)
	var of [][]*account
	for i, expr := range exprs {
		there := *r
		there.Objects, there.Cause = 0, "unknown" // the cause is not of all of them
		if i > 0 {
			there.Column = 0
		}
		sure, others := t.candidates(&there, expr)
		if all := append(append(sure, others...), t.inStatement(r, expr)...); len(all) > 0 {
			of = append(of, all)
		}
	}
	var first, fitting []*account
	taken := map[*account]bool{}
	var chosen []*account
	var try func(i, low, high int)
	try = func(i, low, high int) {
		if fitting != nil {
			return
		}
		if i == len(of) {
			if first == nil {
				first = append([]*account{}, chosen...)
			}
			if r.Objects >= low && r.Objects <= high {
				fitting = append([]*account{}, chosen...)
			}
			return
		}
		for _, a := range of[i] {
			if !taken[a] && len(a.rows) == 0 {
				taken[a] = true
				chosen = append(chosen, a)
				try(i+1, low+a.objects, high+max(a.objects, a.most))
				chosen = chosen[:len(chosen)-1]
				delete(taken, a)
			}
		}
	}
	try(0, 0, 0)
	if fitting == nil {
		t.report("ambiguous sum", nil, r, fmt.Sprintf("%s, but no such expressions made that together", r))
		fitting = first
	}
	for _, a := range fitting {
		a.shared = true
	}
}

// splitExprs takes the texts of several expressions apart, at commas outside of parentheses and strings.
func splitExprs(text string) []string {
	var out []string
	depth, from := 0, 0
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			out = append(out, strings.TrimSpace(text[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(text[from:]))
}

// liking: how well a row goes with one of several that it may speak of.
func liking(r *row, a *account) int {
	n := 0
	if a.decided && r.Objects == a.objects {
		n += 4
	} else if !a.decided && r.Objects >= a.objects && r.Objects <= a.most {
		n += 2
	}
	if a.covers(r.Line, r.Column) {
		n++
	}
	made := 0
	for _, o := range a.rows {
		made += o.Objects
	}
	if made == 0 {
		n += 2
	}
	if len(a.rows) == 0 {
		n += 4
	}
	if kinds := kindsOfText(r.Expr); len(kinds) > 0 && kinds[0] == a.Kind {
		n += 3
	}
	if r.Objects > 0 && sizeFits(r, a) {
		n += 8
	}
	return n
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func sizeFits(r *row, a *account) bool {
	if a.Classes == nil {
		return true
	}
	fits := func(size int) bool {
		for _, c := range a.Classes {
			if classOf(size, true) == c || classOf(size, false) == c {
				return true
			}
		}
		return false
	}
	return fits(r.Smallest) && fits(r.Largest)
}

func filterRows(rs []*row, keep func(*row) bool) []*row {
	var out []*row
	for _, r := range rs {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}

// join adds what is told of in the rows of another expression.
func (t *trial) join() {
	for _, e := range t.Entities {
		a := t.byID[e.ID]
		for _, id := range e.Joined {
			b := t.byID[id]
			a.decided = a.decided && b.decided
			a.objects += b.objects
			a.most += max(b.most, b.objects)
			b.joined = true
			a.many = true
		}
	}
}

// ---- the comparison ----

func (t *trial) compare() {
	// What no row tells of at a call was made in the function called.
	for _, e := range t.Entities {
		a := t.byID[e.ID]
		if a.Statement >= 0 {
			if a.decided {
				t.counters.decided++
			} else {
				t.counters.undecided++
				t.open[a.Kind]++
			}
		}
	}
	// A function stands in front of those that call it.
	for i := len(t.Entities) - 1; i >= 0; i-- {
		a := t.byID[t.Entities[i].ID]
		if a.Body != 0 && len(a.rows) == 0 && !a.shared {
			b := t.byID[a.Body]
			b.objects += a.objects
			b.most += max(a.most, a.objects)
			b.hits += a.hits
		}
	}
	for _, e := range t.Entities {
		a := t.byID[e.ID]
		if a.Statement < 0 {
			a.decided = a.most == a.objects
		}
		if a.Body != 0 && len(a.rows) == 0 || a.shared || a.joined || a.Kind == "elsewhere" {
			continue
		}
		t.compareOne(a)
	}
	for _, st := range t.Statements {
		t.compareSum(st)
	}
}

func (t *trial) compareOne(a *account) {
	made, claims := 0, 0
	for _, r := range a.rows {
		made += r.Objects
		if r.Claim != "" {
			claims++
		}
		if wanted := t.verdict(r, a); wanted != "" {
			t.report("verdict", a, r, fmt.Sprintf("%s, but %s", r, wanted))
		}
		if r.Objects > 0 && !a.many && !sizeFits(r, a) {
			t.report("size", a, r, fmt.Sprintf("%s, objects of %d to %d bytes, where blocks of %v are expected", r, r.Smallest, r.Largest, a.Classes))
		}
	}
	switch {
	case a.decided && made != a.objects || !a.decided && (made < a.objects || made > a.most):
		kind := "count"
		if len(a.rows) == 0 {
			kind = "missing"
		}
		t.report(kind, a, nil, fmt.Sprintf("the runtime made %s, the rows have %d: %v", a.range_(), made, a.rows))
		return
	}
	// A slice that was built on the stack and moved later is one expression.
	if made > 0 && a.many && a.Kind == "append" {
		for _, r := range a.rows {
			if r.Verdict == "held" || r.Verdict == "compiled-out" {
				t.report("split", a, r, fmt.Sprintf("one expression, two rows: %v", a.rows))
				return
			}
		}
	}
	// The right sum in two rows of which one says that there was nothing.
	if made > 0 && !a.many && a.Statement >= 0 {
		for _, r := range a.rows {
			if r.Objects == 0 && !a.elsewhere(r) {
				t.report("split", a, r, fmt.Sprintf("one expression, two rows: %v", a.rows))
				return
			}
		}
	}
	for i, r := range a.rows {
		for _, o := range a.rows[:i] {
			if r.Claim != "" && o.Claim != "" && (r.Column == 0 || r.Column != o.Column || r.Line != o.Line) {
				claims = 0 // copies
			}
		}
	}
	if claims > 1 && a.Statement >= 0 && !a.many {
		t.report("double", a, nil, fmt.Sprintf("%d predictions for one expression: %v", claims, a.rows))
	}
}

// elsewhere: another copy of the function has the objects: one that is predicted at another place, or one of a function literal that
// the compiler makes anew wherever the function around it is inlined.
func (a *account) elsewhere(r *row) bool {
	if r.Column == 0 && r.Claim != "" {
		return true // beyond column 255 nobody can tell
	}
	for _, o := range a.rows {
		if o.Objects > 0 && (o.Claim == "" || o.Column == r.Column && o.Line == r.Line && o.Function == r.Function) {
			return false
		}
	}
	return true
}

func (a *account) range_() string {
	if a.objects == a.most || a.decided {
		return strconv.Itoa(a.objects)
	}
	return fmt.Sprintf("%d to %d", a.objects, a.most)
}

// verdict says what is wrong with a row's verdict, whatever its number.
func (t *trial) verdict(r *row, a *account) string {
	switch {
	case r.Verdict == "undecided":
		return "nothing was lost"
	case r.Claim == "" && r.Verdict != "unpredicted", r.Claim == "" && r.Objects == 0:
		return "nothing was predicted"
	case r.Claim == "stack" && (r.Verdict == "violated") != (r.Objects > 0):
		return "this was to be held or violated"
	case r.Claim == "heap" && (r.Verdict == "confirmed") != (r.Objects > 0):
		return "this was to be confirmed, or not"
	case r.Verdict == "stale" && a.Statement >= 0:
		return "this build is of this log"
	case r.Verdict == "unreached" && a.hits > 0 && a.Kind != "append" && a.Kind != "box" && a.Statement >= 0:
		return fmt.Sprintf("it was evaluated %d times", a.hits)
	case r.Verdict == "elided" && a.hits == 0 && a.Statement >= 0:
		return "it was never evaluated"
	}
	return ""
}

// compareSum: what the rows of a statement have is one of the ways in which its sums can have come about.
func (t *trial) compareSum(st *statement) {
	as, decided := []*account{}, true
	for _, id := range st.Entities {
		a := t.byID[id]
		as = append(as, a)
		decided = decided && a.decided
		if a.wrong || a.shared {
			return
		}
	}
	if decided || len(t.solutions[st.ID]) == 0 {
		return
	}
	for _, solution := range t.solutions[st.ID] {
		fits := true
		for _, a := range as {
			if a.Body != 0 && len(a.rows) == 0 || a.joined || a.Kind == "elsewhere" {
				continue // made elsewhere
			}
			wanted := solution[a.solution]
			for _, id := range a.Joined {
				wanted += solution[t.byID[id].solution]
			}
			made := 0
			for _, r := range a.rows {
				made += r.Objects
			}
			fits = fits && made == wanted
		}
		if fits {
			return
		}
	}
	var all []string
	for _, a := range as {
		all = append(all, fmt.Sprintf("%s: %s: %v", a.Kind, a.range_(), a.rows))
	}
	t.report("sum", as[0], nil, fmt.Sprintf("blocks made: %v; in rows:\n      %s", t.sums[st.ID], strings.Join(all, "\n      ")))
}

func (t *trial) report(kind string, a *account, r *row, what string) {
	// Several things may be wrong with one expression.
	if a == nil || !a.wrong {
		t.wrong++
	}
	if a != nil {
		a.wrong = true
	}
	file, line, column, of, form := "", 0, 0, "", ""
	if a != nil {
		file, line, column, of = a.File, a.Line, a.Column, a.Kind
		if a.Statement >= 0 {
			form = " in " + t.Statements[a.Statement].Form
		} else {
			form = " in a function called"
		}
		if a.Body != 0 {
			form += " of an inlined call"
		}
	} else {
		file, line, column = r.File, r.Line, r.Column
		of = r.Cause
	}
	t.kinds[kind+" "+of]++
	fmt.Printf("WRONG go 1.%d seed %d %s: %s%s, %s:%d:%d: %s\n", t.Go, t.RandomSeed, kind, of, form, file, line, column, what)
	last := line
	if a != nil {
		last = a.Line2
	}
	t.show(file, line, last)
}

func (t *trial) show(file string, from, to int) {
	lines, ok := t.sources[file]
	if !ok {
		text, _ := os.ReadFile(filepath.Join(t.dir, file))
		lines = strings.Split(string(text), "\n")
		t.sources[file] = lines
	}
	for i := from; i <= to && i <= len(lines); i++ {
		if i > 0 {
			fmt.Printf("    | %s\n", strings.TrimSpace(lines[i-1]))
		}
	}
}

func (t *trial) summary() {
	var kinds []string
	for k, n := range t.kinds {
		kinds = append(kinds, fmt.Sprintf("%s %d", k, n))
	}
	sort.Strings(kinds)
	if len(kinds) > 0 {
		fmt.Printf("kinds: %s\n", strings.Join(kinds, "; "))
	}
	fmt.Printf("decided only together with others: %v\n", t.open)
	c := &t.counters
	whole := c.decided + c.undecided
	fmt.Printf("random go 1.%d seed %d: %d statements (%d without account), %d expressions (%d decided alone), %d rows (%d by line alone, %d of wrappers), "+
		"%d unplaced, %d ambiguous, %d wrong\n", t.Go, t.RandomSeed, len(t.Statements), c.unaccounted, whole, c.decided, c.rows, c.byLine, c.wrappers,
		c.unplaced, c.ambiguous, t.wrong)
}
