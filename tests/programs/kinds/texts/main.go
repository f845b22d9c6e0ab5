// Texts of the compiler's that are read wrongly if read in haste.
package main

var anySink any

type named struct{ s string }

func (n named) Name() string { return n.s }

// ---- operands with blanks of their own: none of them is an operator

//go:noinline
func operands(n int, s string, x any) {
	anySink = struct{ s string }{s}.s + "v"                                   // @struct
	anySink = s + struct{ a, b string }{b: s}.b + s                           // @struct-last
	anySink = (map[string]interface{}{"a": s})["a"].(string) + "v"            // @interface
	anySink = (map[int]func(int) string{n: word})[n](n) + s                   // @func-type
	anySink = struct{ f func(int) string }{word}.f(n) + s                     // @field
	anySink = func(i int) string { defer func() {}(); return word(i) }(n) + s // @literal
	anySink = x.(interface{ Name() string }).Name() + s                       // @assertion
}

//go:noinline
func word(i int) string { return "a word"[:i%4+2] }

func main() {
	for i := 0; i < 7; i++ {
		operands(i, "string", named{"name"})
		script(&buffer{}, "text")
		behind("text")
		inlinedLiteral("text")
		fromTemplate(i)
		appended("first"[:i%3+2], "second")
		appendedAndKept("first"[:i%3+2], "second")
		apply(&deposit{}, &account{})
	}
}

// ---- up to Go 1.21 raw strings are printed over several lines: those of a script look like others of the log

type writer interface{ WriteString(s string) }

type buffer struct{ text string }

func (b *buffer) WriteString(s string) { b.text = s }

func write(w writer, s string) { w.WriteString(s) }

//go:noinline
func script(w writer, s string) {
	write(w, `#!/bin/sh
echo `+s+`
# ex: ts=4 sw=4
# end
`)
}

//go:noinline
func behind(s string) {
	anySink = "x" + s // @behind
}

// ---- "s += a + b" makes s + a + b, of which the compiler says nothing; of a + b, which nobody makes, it does

//go:noinline
func appended(a, b string) int {
	s := a
	s += b + a // @appended
	return len(s)
}

//go:noinline
func appendedAndKept(a, b string) {
	s := "kept: "
	s += a + ": " + b // @appended-escapes
	anySink = &s
	s = a + b + a // @assigned
}

// ---- since Go 1.25 the log names functions: those that nothing is left of, too

func each[T, U any](items []T, f func(T) U) []U {
	var out []U
	for _, item := range items {
		out = append(out, f(item))
	}
	return out
}

//go:noinline
func inlinedLiteral(s string) {
	anySink = each([]string{s, s}, func(s string) any { return s + "x" })
}

// ---- two values of one inlined function, both of which stay, whose claims have the position of its call

var table = func() []string {
	var out []string
	for r := 2; r < 9; r++ {
		out = append(out, "of two: "+string(rune(r+54))+string(rune(r+86)))
	}
	return out
}() // @table

// ---- what a method makes that is inlined into its wrapper, and that nobody predicted

type account struct{ items []named }

type change interface{ apply(a *account) }

type deposit struct{ item named }

func (d deposit) apply(a *account) { a.items = append(a.items, d.item) } // @wrapped

//go:noinline
func apply(c change, a *account) { c.apply(a) }
