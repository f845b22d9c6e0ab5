// Package truth lets a program say what its own runtime knows of its symbols and types, for the tests of symbolize.
//
//	truth   prints stacks (as runtime.CallersFrames gives them) and types (as reflect gives them)
//	walk    for each hexadecimal pc on standard input, relative to Anchor: function, file and line
package truth

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

var out = bufio.NewWriter(os.Stdout)

// Anchor is the function whose address the tests compare with the file's to learn where the program was loaded.
//
//go:noinline
func Anchor() { fmt.Fprintf(out, "anchor %x\n", reflect.ValueOf(Anchor).Pointer()) }

// Stack prints the stack of its caller, innermost frame first:
//
//	stack NAME
//	frame PC INLINED FUNCTION<TAB>FILE<TAB>LINE
//
//go:noinline
func Stack(name string) {
	pcs := make([]uintptr, 64)
	pcs = pcs[:runtime.Callers(1, pcs)]
	fmt.Fprintf(out, "stack %s\n", name)
	for _, pc := range pcs {
		// One by one: the pc of a frame is where the symbolizer must start.
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		fmt.Fprintf(out, "frame %x %t %s\t%s\t%d\n", pc, frame.Func == nil, frame.Function, frame.File, frame.Line)
	}
}

func inner(name string) { Stack(name) }

func middle(name string) {
	if len(name) > 0 {
		inner(name)
	}
}

func outer(name string) {
	middle(name)
}

type speaker interface{ speak(name string) }

type byValue struct{ a, b int }

func (v byValue) speak(name string) { outer(name) }

type embedding struct {
	pad [5]int
	byValue
}

type Pair[K comparable, V any] struct {
	key   K
	value V
}

func (p *Pair[K, V]) Show(name string) { outer(name) }

func Each[T any](items []T, f func(T)) {
	for _, item := range items {
		f(item)
	}
}

type recursive struct {
	next     *recursive
	children map[string][]*recursive
}

// A named type of every kind: where its package path lies depends on the kind.
type (
	namedArray [2]int
	namedChan  chan int
	namedFunc  func(int) int
	namedMap   map[string]*namedArray
	namedPtr   *int
	namedSlice []int
	namedText  string
)

func stacks() {
	outer("nested")
	for i := 0; i < 2; i++ {
		outer("loop " + strconv.Itoa(i))
	}
	func() { outer("closure") }()
	var s speaker = byValue{1, 2}
	s.speak("value method")
	s = &embedding{}
	s.speak("promoted method")
	method := s.speak
	method("method value")
	(&Pair[string, int]{}).Show("generic")
	(&Pair[byValue, *int]{}).Show("generic with struct")
	Each([]int{1}, func(int) { outer("generic callback") })
	done := make(chan bool)
	go func() {
		defer close(done)
		outer("goroutine")
	}()
	<-done
	done = make(chan bool)
	go outerThen(done)
	<-done
	var once sync.Once
	once.Do(func() { outer("once") })
	sort.Slice([]int{2, 1}, func(i, j int) bool { outer("sort"); return i < j })
	func() {
		defer func() {
			recover()
			outer("panic")
		}()
		var p *byValue
		fmt.Fprint(io.Discard, p.a)
	}()
	deep(20)
}

func outerThen(done chan bool) {
	outer("go statement")
	done <- true
}

func deep(n int) {
	if n == 0 {
		outer("recursion")
		return
	}
	deep(n - 1)
}

// addType prints "type ADDRESS KIND SIZE POINTERBYTES PKGPATH<TAB>STRING" for t and all types that it is made of.
func addType(seen map[reflect.Type]bool, t reflect.Type) {
	if t == nil || seen[t] {
		return
	}
	seen[t] = true
	words := *(*[2]unsafe.Pointer)(unsafe.Pointer(&t))
	pointerBytes := (*[2]uintptr)(words[1])[1]
	path := "-"
	if t.Name() != "" && t.PkgPath() != "" {
		path = t.PkgPath()
	}
	fmt.Fprintf(out, "type %x %d %d %d %s\t%s\n", uintptr(words[1]), t.Kind(), t.Size(), pointerBytes, path, t.String())
	switch t.Kind() {
	case reflect.Array, reflect.Chan, reflect.Pointer, reflect.Slice:
		addType(seen, t.Elem())
	case reflect.Map:
		addType(seen, t.Key())
		addType(seen, t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			addType(seen, t.Field(i).Type)
		}
	case reflect.Func:
		for i := 0; i < t.NumIn(); i++ {
			addType(seen, t.In(i))
		}
		for i := 0; i < t.NumOut(); i++ {
			addType(seen, t.Out(i))
		}
	}
	for i := 0; i < t.NumMethod(); i++ {
		addType(seen, t.Method(i).Type)
	}
}

func types() {
	seen := map[reflect.Type]bool{}
	for _, value := range []any{
		1, "", 1.5, true, 'x', byte(1), complex64(1), uintptr(1), unsafe.Pointer(nil),
		byValue{}, &embedding{}, &recursive{}, Pair[string, int]{}, &Pair[byValue, []map[string]*int]{},
		[]int{}, [3]string{}, map[string]int{}, map[[20]int][30]string{}, make(chan int), make(<-chan *byValue),
		func(int, ...string) error { return nil }, struct {
			A int `json:"a"`
			b *string
		}{},
		time.Now(), os.Stdout, &sync.Pool{}, new(speaker), new(error), reflect.TypeOf(0), strings.NewReplacer("a", "b"),
		namedArray{}, namedChan(nil), namedFunc(nil), namedMap{}, namedPtr(nil), namedSlice{}, namedText(""),
		struct{}{}, [0]int{}, make([]struct{ x, y *int }, 1),
	} {
		addType(seen, reflect.TypeOf(value))
	}
}

func walk() {
	anchor := reflect.ValueOf(Anchor).Pointer()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		offset, err := strconv.ParseUint(in.Text(), 16, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		frame, _ := runtime.CallersFrames([]uintptr{anchor + uintptr(offset) + 1}).Next()
		fmt.Fprintf(out, "%s\t%s\t%d\n", frame.Function, frame.File, frame.Line)
	}
}

// Run does what the last argument says.
func Run() {
	switch os.Args[len(os.Args)-1] {
	case "truth":
		Anchor()
		stacks()
		types()
	case "walk":
		walk()
	}
	Flush()
}

// Flush writes out what was printed.
func Flush() { out.Flush() }
