// Wrappers of promoted methods, and what all kinds of wrappers keep on the stack.
package main

import (
	"fmt"
	"strings"

	"example.com/escaudit/kinds/promoted/other"
)

type number int

// generic has methods that are promoted out of instances.
type generic[A any] struct{ x, y A }

func (g generic[A]) Clone() *generic[A] { return &g } // @clone

func (g *generic[A]) Get() interface{} { return g.x } // @get

func (g generic[A]) Show(n int) string { return fmt.Sprint(n, g.x) } // @show

type box[A any] struct {
	z int
	generic[A]
}

type closed struct {
	z int
	generic[number]
}

type pointing struct {
	z int
	*generic[string]
}

type value int

func (v value) String() string { return fmt.Sprint(int(v) + 1000) } // @value-string

// words has a slice literal that stays, and a call that does not make it.
type words struct{ a, b, c int }

func (w words) Cat(s string) string {
	list := []string{s, "x"} // @cat-list
	return strings.Join(list, ",")
}

type (
	iface struct{ fmt.Stringer } // an embedded interface: its wrappers call whatever it holds
	once  struct{ value }
	twice struct{ once }
	sheet struct{ words }
	byVal struct {
		z int
		other.Inner
	}
	byPtr struct {
		z int
		*other.Inner
	}
	namer  interface{ Name() *int }
	texter interface{ Text() string }
	catter interface{ Cat(string) string }
	shower interface{ Show(int) string }
	getter interface{ Get() interface{} }
	ptrer  interface{ Ptr() interface{} }
)

type cloner[A any] interface{ Clone() *generic[A] }

var sink interface{}

//go:noinline
func call(x interface{}) {
	switch f := x.(type) {
	case fmt.Stringer:
		sink = f.String()
	case catter:
		sink = f.Cat("s")
	case shower:
		sink = f.Show(3)
	}
}

//go:noinline
func name(f namer) { sink = f.Name() }

//go:noinline
func text(f texter) { sink = f.Text() }

//go:noinline
func get(f getter) { sink = f.Get() }

//go:noinline
func ptr(f ptrer) { sink = f.Ptr() }

//go:noinline
func clone[A any](f cloner[A]) { sink = f.Clone() }

func main() {
	for i := 0; i < 10; i++ {
		v, o := value(i), other.Inner{A: i, B: i + 2000}
		call(v)
		call(&v)
		call(iface{v})
		call(&iface{v})
		call(once{v})
		call(&once{v})
		call(&twice{once{v}})
		call(words{})
		call(&words{})
		call(&sheet{})
		name(byVal{i, o})
		name(&byVal{i, o})
		name(&byPtr{i, &o})
		text(&o)
		text(byVal{i, o})
		text(&byVal{i, o})
		text(byPtr{i, &o})
		ptr(&byVal{i, o})
		ptr(byPtr{i, &o})
		get(&box[number]{generic: generic[number]{x: 2000}})
		get(&closed{generic: generic[number]{x: 2000}})
		clone[number](&generic[number]{})
		clone[number](&box[number]{})
		clone[number](closed{})
		clone[number](&closed{})
		clone[string](pointing{i, &generic[string]{}})
		show := closed{}.Show
		sink = show(i)
		named := byPtr{i, &o}.Name
		sink = named()
	}
}
