package main

import (
	"fmt"
	"strings"
)

// harness returns the files of the module that hold no statement.
func (g *generator) harness() map[string]string {
	var list strings.Builder
	for _, st := range g.Statements {
		pkg := ""
		if i := strings.IndexByte(st.File, '/'); i >= 0 {
			pkg = st.File[:i+1]
		}
		fmt.Fprintf(&list, "\t%sS%d,\n", strings.Replace(pkg, "/", ".", 1), st.ID)
	}
	return map[string]string{
		"go.mod":     fmt.Sprintf("module example.com/escaudit/generated\n\ngo 1.%d\n", g.minor),
		"a/a.go":     "package a\n\nvar Imported int\n",
		"b/b.go":     "package b\n\nvar Imported int\n",
		"lib/lib.go": fmt.Sprintf(libSource, g.nextHit+1),
		"lib/seq.go": seqSource(g.minor),
		"main.go":    fmt.Sprintf(mainSource, g.RandomSeed, g.minor, list.String(), len(g.Statements)),
	}
}

func seqSource(minor int) string {
	if minor < 23 {
		return "package lib\n"
	}
	return `package lib

//go:noinline
func SeqN(n int) func(yield func(int) bool) { return Seq(n) }

func Seq(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}
`
}

const mainSource = `// Seed %d, go 1.%d. Written by tests/programs/generate.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"example.com/escaudit/generated/a"
	"example.com/escaudit/generated/b"
	"example.com/escaudit/generated/lib"
)

var _, _ = a.Imported, b.Imported

var statements = []func(){
%s}

var before, after [%d]runtime.MemStats

func main() {
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(1)
	lib.Warm()
	for i, f := range statements {
		runtime.ReadMemStats(&before[i])
		f()
		runtime.ReadMemStats(&after[i])
	}
	out, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	for i := range statements {
		b, a := &before[i], &after[i]
		fmt.Fprint(out, "statement ", i, " ", a.Mallocs-b.Mallocs, " ", a.TotalAlloc-b.TotalAlloc)
		for j := range a.BySize {
			if n := a.BySize[j].Mallocs - b.BySize[j].Mallocs; n != 0 {
				fmt.Fprint(out, " ", a.BySize[j].Size, "=", n)
			}
		}
		fmt.Fprintln(out)
	}
	for i, n := range lib.H {
		fmt.Fprintln(out, "hits", i, n)
	}
	if err := out.Close(); err != nil {
		panic(err)
	}
}
`

const libSource = `package lib

import (
	"bytes"
	"strings"
)

// Types whose names do not say what they are.
type (
	Str   string
	Bytes []byte
	Runes []rune
	Ints  []int
)

const Never = false

var (
	Imported int
	H        [%d]int // how often each block was evaluated
	Acc      int

	GStr   string
	GBytes []byte
	GInts  []int
	GRunes []rune
	GFunc  func() int
	GAny   any
	GAnys  []any
	GChan  chan int
	GVal   Valuer
	GErr   error
	GInt   *int
	GInt32 *int32
	M      map[string]int

	GNStr   Str
	GNBytes Bytes
	GNRunes Runes
	GNInts  Ints
	GPInts  *Ints

	GReader *strings.Reader
	GBuffer *bytes.Buffer

	text  [4096]byte
	room  = text[:]
	str   = string(room)
	ints  [64]int
)

// Other is like nothing else: comparing with it compares types only.
var Other any = &struct{ int }{}

type Valuer interface{ Val() int }

type Maker interface{ Make() any }

// Source has nothing to read.
var Source bytes.Buffer

type Summer interface{ Sum() int }

//go:noinline
func UseV(v Valuer) int { return UseA(v) }

//go:noinline
func I(n int) []int { return ints[:n:n] }

func Bool(is bool) int {
	if is {
		return 1
	}
	return 0
}

type chain struct{ last any }

var Chain = new(chain)

//go:noinline
func (c *chain) Add(v any) *chain {
	c.last = v
	return c
}

type List[E any] struct{ all []E }

func (l *List[E]) Len() int { return len(l.all) }

//go:noinline
func N(n int) int { return n }

//go:noinline
func S(n int) string { return str[:n] }

//go:noinline
func B(n int) []byte { return room[:n:n] }

//go:noinline
func Boxed(x any) any { return x }

//go:noinline
func UseS(s string) int { return len(s) }

//go:noinline
func UseB(b []byte) int { return len(b) }

//go:noinline
func UseI(b []int) int { return len(b) }

//go:noinline
func UseA(v any) int {
	if v == nil {
		return 0
	}
	return 1
}

// Step is large in the first few rounds, and counts them.
//
//go:noinline
func Step(i, few, h int) int {
	if i < few {
		H[h]++
		return 1000
	}
	return 0
}

//go:noinline
func Get[E any](s []E) (e E) {
	if len(s) > 0 {
		return s[0]
	}
	return e
}

//go:noinline
func Count(h int, is bool) bool {
	if is {
		H[h]++
	}
	return is
}

//go:noinline
func Keep(v ...any) { GAnys = v }

//go:noinline
func Show(v ...any) {
	for _, x := range v {
		Acc += UseA(x)
	}
}

func Inline(v ...any) { GAnys = v }

//go:noinline
func KeepInts(v ...int) { GInts = v }

//go:noinline
func ShowInts(v ...int) { Acc += len(v) }

var done = make(chan int)

func Done() { done <- 1 }
func Wait() { <-done }

// Warm fills the runtime's stores of what a goroutine needs.
func Warm() {
	start := make(chan int)
	for i := 0; i < 50; i++ {
		go func() {
			defer Done()
			<-start
		}()
	}
	for i := 0; i < 50; i++ {
		start <- i
	}
	for i := 0; i < 50; i++ {
		Wait()
	}
}
`
