package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// The generator writes a module of four packages: lib, what all use; a and b, which import it and, b, a; and main, which runs every
// statement between two readings of the runtime's counters. While code is put together, expressions are enclosed in marks; when a
// file is complete they are taken out, and give the positions.

type generator struct {
	*rand.Rand
	table
	minor     int
	files     map[string]*file
	nextID    int
	nextHit   int
	cur       *statement // the statement that is being written
	pkg       string     // where
	prelude   []string   // its lines before the loop
	decls     []string   // what has to stand outside of the function
	hit       int
	used      map[int]bool // sizes taken in this statement
	functions []*function
	elsewhere *entity // made by a function of the standard library
	perFile   int
	// Of the statement's variables, and of types.
	localSizes map[string]int
	typeSizes  map[int]int
	byID       map[int]*entity
}

type file struct {
	path, pkg string
	lines     []string
	imports   map[string]bool
}

// A type as the generator needs it: how a value is let escape, and how it is used without.
type typ struct {
	name   string // as written in pkg
	global string // a variable of package lib or of the same package to store it in; %s
	use    string // an int expression of it: %s
	size   int    // of an element, where it is a slice or pointer
}

// A function of the module with an allocating body.
type function struct {
	pkg, name string
	result    func(from string) typ
	// call returns the arguments; classes for this call.
	call func() (string, []int, []int)
	body []*entity
	// What a function that calls it has to declare, and to pass on.
	params, args string
	plain        bool // it has no parameters
}

func (fn *function) wrappable() bool { return fn.plain || fn.params != "" }

// reusable draws one of the functions that may be called here and by another.
func (g *generator) reusable() *function {
	for try := 0; try < 5 && len(g.functions) > 0; try++ {
		fn := g.functions[g.Intn(len(g.functions))]
		if fn.wrappable() && g.visible(fn.pkg) {
			return fn
		}
	}
	return nil
}

// visible: whether this package may import that.
func (g *generator) visible(pkg string) bool {
	return pkg == g.pkg || pkg == "lib" || g.pkg == "main" || g.pkg == "b" && pkg == "a"
}

const reps = 3

func newGenerator(seed int64, minor int) *generator {
	g := &generator{Rand: rand.New(rand.NewSource(seed)), minor: minor, files: map[string]*file{}, byID: map[int]*entity{},
		typeSizes: map[int]int{}}
	g.RandomSeed, g.Go = seed, minor
	g.nextID = 10 // names with one digit are the generator's own
	return g
}

func (g *generator) id() int                  { g.nextID++; return g.nextID }
func (g *generator) newHit() int              { g.nextHit++; return g.nextHit - 1 }
func (g *generator) chance(p int) bool        { return g.Intn(100) < p }
func (g *generator) pick(of ...string) string { return of[g.Intn(len(of))] }

// ---- sizes ----

var classes = []int{24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448, 480, 512}

var allClasses = append([]int{8, 16}, append(append([]int{}, classes...), 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048,
	2304, 2688, 3072, 3200, 3456, 4096, 4864, 5120, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432)...)

// small is the class of 16 bytes together with what the tiny allocator packs: MemStats counts these in no class.
const small = 16

func classOf(size int, pointers bool) int {
	if size == 0 {
		return 0
	}
	if size <= 16 && (!pointers || size > 8) {
		return small
	}
	for _, c := range allClasses {
		if size <= c {
			return c
		}
	}
	return (size + 8191) / 8192 * 8192
}

// size draws the size of an object; mostly one that no other of the statement has.
func (g *generator) size() int {
	for try := 0; ; try++ {
		c := classes[g.Intn(len(classes))]
		if c < 96 && g.chance(70) { // closures have those
			continue
		}
		if !g.used[c] || try > 20 || g.chance(25) {
			g.used[c] = true
			return c
		}
	}
}

// ---- entities ----

func (g *generator) entity(kind string, classes []int, keys ...int) *entity {
	e := &entity{ID: g.id(), Kind: kind, Keys: keys, Classes: classes, Hit: g.hit, Large: -1, Statement: -1}
	if g.cur != nil {
		e.Statement = g.cur.ID
		g.cur.Entities = append(g.cur.Entities, e.ID)
	}
	g.Entities = append(g.Entities, e)
	g.byID[e.ID] = e
	return e
}

func mark(e *entity, code string) string {
	for _, id := range e.Moved {
		code = fmt.Sprintf("\x01%d\x02%s\x03%d\x02", id, code, id)
	}
	return fmt.Sprintf("\x01%d\x02%s\x03%d\x02", e.ID, code, e.ID)
}

// ---- types ----

// newType declares a type of so many bytes; pointers: its first word is one.
func (g *generator) newType(size int, pointers bool) (string, int) {
	id := g.id()
	name := fmt.Sprintf("T%d", id)
	g.typeSizes[id] = size
	var fields, sum string
	switch {
	case pointers && size == 8:
		fields, sum = "P *int", "0"
	case pointers:
		fields, sum = fmt.Sprintf("P *int; A [%d]int64", size/8-1), "int(t.A[0])"
	case size%8 != 0:
		fields, sum = fmt.Sprintf("A [%d]byte", size), "int(t.A[0])"
	default:
		fields, sum = fmt.Sprintf("A [%d]int64", size/8), "int(t.A[0])"
	}
	f := g.out("types")
	f.lines = append(f.lines, fmt.Sprintf("type %s struct { %s }", name, fields))
	if g.chance(30) {
		f.lines = append(f.lines, "//go:noinline")
	}
	f.lines = append(f.lines, fmt.Sprintf("func (t *%s) Sum() int { return %s + 1 }", name, sum))
	f.lines = append(f.lines, fmt.Sprintf("func (t %s) Val() int { return %s + 1 }", name, sum))
	f.lines = append(f.lines, fmt.Sprintf("var G%s *%s", name, name), fmt.Sprintf("var GS%s []%s", name, name),
		fmt.Sprintf("var V%s %s", name, name), "")
	return name, id
}

func (g *generator) pointerTo(pkg, name string, size int) typ {
	return typ{name: "*" + g.from(pkg, name), global: g.from(pkg, "G"+name) + " = %s", use: "(%s).Sum()", size: size}
}

func (g *generator) sliceOf(pkg, name string, size int) typ {
	return typ{name: "[]" + g.from(pkg, name), global: g.from(pkg, "GS"+name) + " = %s", use: g.pick("len(%s)", "cap(%s)"), size: size}
}

// from is how a name of another package is written here; the import is noted by it.
func (g *generator) from(pkg, name string) string {
	if pkg == g.pkg {
		return name
	}
	return pkg + "." + name
}

var (
	typeString = typ{name: "string", global: "lib.GStr = %s", use: "lib.UseS(%s)"}
	typeBytes  = typ{name: "[]byte", global: "lib.GBytes = %s", use: "lib.UseB(%s)"}
	typeInts   = typ{name: "[]int", global: "lib.GInts = %s", use: "lib.UseI(%s)"}
	typeRunes  = typ{name: "[]rune", global: "lib.GRunes = %s", use: "len(%s)"}
	typeFunc   = typ{name: "func() int", global: "lib.GFunc = %s", use: "(%s)()"}
	typeAny    = typ{name: "any", global: "lib.GAny = %s", use: "lib.UseA(%s)"}
	typeRune   = typ{name: "string", global: "lib.GStr = %s", use: "len(%s)"}
	typeValuer = typ{name: "lib.Valuer", global: "lib.GVal = %s", use: "lib.UseV(%s)"}
	typeError  = typ{name: "error", global: "lib.GErr = %s", use: "lib.UseA(%s)"}
	typeInt    = typ{name: "*int", global: "lib.GInt = %s", use: "*(%s)"}
	typeInt32  = typ{name: "*int32", global: "lib.GInt32 = %s", use: "int(*(%s))"}
	typeReader = typ{name: "*strings.Reader", global: "lib.GReader = %s", use: "(%s).Len()"}
	typeBuffer = typ{name: "*bytes.Buffer", global: "lib.GBuffer = %s", use: "(%s).Len()"}
	typeChan   = typ{name: "chan int", global: "lib.GChan = %s", use: "cap(%s)"}
)

// ---- expressions ----

// An expression: its code, with marks; its type.
type expression struct {
	code string
	typ
}

// local declares a variable in the statement's function: in front of the loop, so that its value is not known.
func (g *generator) local(name, value string) {
	size := 8
	switch {
	case strings.HasPrefix(value, "lib.S("):
		size = 16
	case strings.HasPrefix(value, "lib.B("), strings.HasPrefix(value, "lib.I("), strings.HasPrefix(value, "GS"), strings.HasPrefix(value, "GP"):
		size = 24
	case strings.HasPrefix(value, "lib.Get("), strings.HasPrefix(value, "V"):
		size = 136 // or less
		if n := g.typeSizes[keyOf(strings.TrimSuffix(value[strings.LastIndexByte(value, 'T'):], ")"))]; n > 0 {
			size = n
		}
	}
	g.localSizes[name] = size
	g.prelude = append(g.prelude, fmt.Sprintf("%s := %s", name, value))
}

// intVar: a variable that the compiler does not know the value of.
func (g *generator) intVar(value int) string {
	name := fmt.Sprintf("n%d", g.id())
	g.local(name, fmt.Sprintf("lib.N(%d)", value))
	return name
}

func (g *generator) expression() expression {
	for {
		switch g.Intn(41) {
		case 36:
			return g.sliceOfSlices()
		case 37:
			return g.sliceOfPointers()
		case 38:
			return g.concatenationOfBytes()
		case 39:
			return g.appendedPointer()
		case 40:
			if g.minor > 19 { // its compiler fails on some of them
				return g.seenThrough()
			}
		case 0, 1:
			return g.address()
		case 2:
			return g.newOf()
		case 3, 4:
			return g.makeSlice()
		case 5:
			return g.sliceLiteral()
		case 6, 7:
			return g.concatenation()
		case 8:
			return g.stringOfBytes()
		case 9:
			return g.bytesOfString()
		case 10, 11:
			return g.closure()
		case 12:
			return g.methodValue()
		case 13, 14:
			return g.boxed()
		case 15:
			return g.makeChan()
		case 16:
			return g.appended()
		case 17:
			return g.intsLiteral()
		case 18, 19, 20, 21, 22, 23, 24:
			return g.call()
		case 25:
			return g.runes()
		case 26:
			return g.nested()
		case 27:
			return g.stringOfRune()
		case 28, 29:
			return g.boxedMethods()
		case 30, 31:
			return g.library()
		case 32:
			if g.minor >= 26 {
				return g.newOfValue()
			}
		case 33:
			if x, ok := g.huge(); ok {
				return x
			}
		case 34:
			return g.notMade()
		case 35:
			return g.indirect()
		}
	}
}

// stringOfRune makes four bytes at most.
func (g *generator) stringOfRune() expression {
	id := g.id()
	v := fmt.Sprintf("r%d", id)
	g.local(v, "rune(lib.N("+g.pick("65", "8364")+"))")
	e := g.entity("string conversion", []int{small}, id)
	return expression{mark(e, "string("+v+")"), typeRune}
}

// boxedMethods: into an interface with methods.
func (g *generator) boxedMethods() expression {
	size := g.size()
	name, _ := g.newType(size, g.chance(40))
	id := g.id()
	v := fmt.Sprintf("v%d", id)
	g.local(v, "lib.Get(GS"+name+")")
	g.movedLocal(v, size)
	e := g.entity("box", []int{size}, id)
	if g.chance(50) {
		return expression{mark(e, "lib.Valuer("+v+")"), typeValuer}
	}
	return expression{mark(e, v), typeValuer}
}

// library: functions of the standard library that the compiler inlines, or not: then the object is not this line's.
func (g *generator) library() expression {
	name, _ := g.stringVar(3)
	var x expression
	var e *entity
	switch g.Intn(4) {
	case 3:
		g.prelude = append(g.prelude, "_ = "+name)
		e = g.entity("new", []int{96, 112, 128})
		buffer := g.entity("make", []int{4096})
		buffer.Body = g.standard().ID
		return expression{mark(buffer, mark(e, "bufio.NewReader(&lib.Source)")), typ{name: "*bufio.Reader", global: "lib.GAny = %s", use: "(%s).Size()"}}
	case 0:
		e = g.entity("new", []int{small})
		x = expression{"errors.New(" + name + ")", typeError}
	case 1:
		e = g.entity("new", []int{32})
		x = expression{"strings.NewReader(" + name + ")", typeReader}
	default:
		b, _ := g.bytesVar(4)
		g.prelude = append(g.prelude, "_ = "+name)
		e = g.entity("new", []int{48, 32})
		x = expression{"bytes.NewBuffer(" + b + ")", typeBuffer}
	}
	e.Body = g.standard().ID
	x.code = mark(e, x.code)
	return x
}

// standard is where the objects are made if a function of the standard library is not inlined.
func (g *generator) standard() *entity {
	if g.elsewhere == nil {
		saved := g.cur
		g.cur = nil
		g.elsewhere = g.entity("elsewhere", nil)
		g.cur = saved
	}
	return g.elsewhere
}

func (g *generator) newOfValue() expression {
	name := g.intVar(5)
	e := g.entity("new", []int{small}, keyOf(name))
	e.Keys = nil // the compiler's name for it
	return expression{mark(e, "new("+name+" + 1)"), typeInt}
}

// huge: more than the size classes have.
func (g *generator) huge() (expression, bool) {
	if g.used[-1] {
		return expression{}, false
	}
	g.used[-1] = true
	pages := []int{5, 9, 20}[g.Intn(3)]
	size := pages*8192 - g.Intn(3000)
	length := strconv.Itoa(size)
	e := g.entity("make", []int{pages * 8192})
	if g.chance(50) {
		length = g.intVar(size)
		e.Keys = []int{keyOf(length)}
	}
	return expression{mark(e, "make([]byte, "+length+")"), typeBytes}, true
}

// notMade: conversions of which the compiler knows that nobody keeps the result.
func (g *generator) notMade() expression {
	name, id := g.bytesVar(100)
	e := g.entity("string conversion", []int{112}, id)
	switch g.Intn(3) {
	case 0:
		return expression{"lib.M[" + mark(e, "string("+name+")") + "]", typ{name: "int", global: "lib.Acc += %s", use: "%s"}}
	case 1:
		return expression{"lib.Bool(" + mark(e, "string("+name+")") + " == lib.GStr)", typ{name: "int", global: "lib.Acc += %s", use: "%s"}}
	default:
		n, _ := g.stringVar(50)
		return expression{"lib.Bool(" + mark(e, "string("+name+")") + " > " + n + ")", typ{name: "int", global: "lib.Acc += %s", use: "%s"}}
	}
}

// sliceOfSlices: composites without a type of their own.
func (g *generator) sliceOfSlices() expression {
	name, id := g.newType(8, false)
	n := 1 + g.Intn(2)
	e := g.entity("slice literal", []int{classOf(24*n, true)}, id)
	var inner []string
	for i := 0; i < n; i++ {
		k := 12 + g.Intn(20)
		x := g.entity("slice literal", []int{classOf(8*k, false)}, id)
		inner = append(inner, mark(x, "{"+strings.Repeat("{}, ", k-1)+"{}}"))
	}
	t := g.out("types")
	t.lines = append(t.lines, fmt.Sprintf("var GSS%s [][]%s", name, name))
	return expression{mark(e, "[][]"+name+"{"+strings.Join(inner, ", ")+"}"), typ{name: "[][]" + name, global: "GSS" + name + " = %s", use: "len(%s)"}}
}

func (g *generator) sliceOfPointers() expression {
	size := g.size()
	name, id := g.newType(size, g.chance(40))
	n := 2 + g.Intn(2)
	e := g.entity("slice literal", []int{classOf(8*n, true)}, id)
	var inner []string
	for i := 0; i < n; i++ {
		inner = append(inner, mark(g.entity("new", []int{size}, id), "{}"))
	}
	t := g.out("types")
	t.lines = append(t.lines, fmt.Sprintf("var GP%s []*%s", name, name))
	return expression{mark(e, "[]*"+name+"{"+strings.Join(inner, ", ")+"}"), typ{name: "[]*" + name, global: "GP" + name + " = %s", use: "len(%s)"}}
}

// concatenationOfBytes: what is converted is only read.
func (g *generator) concatenationOfBytes() expression {
	size := g.size()
	b, idb := g.bytesVar(size / 2)
	s, ids := g.stringVar(size - size/2)
	e := g.entity("concatenation", []int{size}, ids)
	x := g.entity("string conversion", []int{classOf(size/2, false)}, idb)
	return expression{mark(e, s+" + "+mark(x, "string("+b+")")), typeString}
}

func (g *generator) appendedPointer() expression {
	size := g.size()
	name, id := g.newType(size, g.chance(40))
	e := g.entity("append", []int{8, small})
	e.Counts = []int{1, 2, 3, 4, 5}
	t := g.out("types")
	t.lines = append(t.lines, fmt.Sprintf("var GP%s []*%s", name, name))
	v := fmt.Sprintf("x%d", g.id())
	g.local(v, "GP"+name)
	return expression{mark(e, "append("+v+", "+mark(g.entity("new", []int{size}, id), "&"+name+"{}")+")"),
		typ{name: "[]*" + name, global: "GP" + name + " = %s", use: "len(%s)"}}
}

// seenThrough: a method of an interface of which the compiler knows the type.
func (g *generator) seenThrough() expression {
	size := g.size()
	name, id := g.newType(size, false)
	e := g.entity("new", []int{size}, id)
	return expression{"lib.Summer(" + mark(e, "&"+name+"{}") + ").Sum()", typ{name: "int", global: "lib.Acc += %s", use: "%s"}}
}

// indirect: through a function variable that the compiler may or may not see through.
func (g *generator) indirect() expression {
	size := g.size()
	name, id := g.newType(size, false)
	e := g.entity("new", []int{size}, id)
	outer := g.entity("closure", nil)
	return expression{mark(outer, "func() *"+name+" { return "+mark(e, "&"+name+"{}")+" }") + "()", g.pointerTo(g.pkg, name, size)}
}

func (g *generator) address() expression {
	size := g.size()
	name, id := g.newType(size, g.chance(40))
	e := g.entity("new", []int{size}, id)
	return expression{mark(e, "&"+name+"{}"), g.pointerTo(g.pkg, name, size)}
}

func (g *generator) newOf() expression {
	size := g.size()
	if g.chance(15) {
		size = 1 + g.Intn(15)
	}
	name, id := g.newType(size, size%8 == 0 && g.chance(40))
	e := g.entity("new", nil, id)
	e.Classes = []int{size}
	if size <= 16 {
		e.Classes = []int{8, small}
	}
	return expression{mark(e, "new("+name+")"), g.pointerTo(g.pkg, name, size)}
}

func (g *generator) makeSlice() expression {
	switch g.Intn(4) {
	case 0: // a type of its own
		size := g.size()
		n := []int{1, 2, 4}[g.Intn(3)]
		for size%(8*n) != 0 {
			n /= 2
		}
		name, id := g.newType(size/n, false)
		e := g.entity("make", []int{size}, id)
		if size <= 16 {
			e.Classes = []int{small}
		}
		length := strconv.Itoa(n)
		if g.chance(60) {
			length = g.intVar(n)
		}
		if g.chance(30) {
			length = "0, " + length
		}
		return expression{mark(e, "make([]"+name+", "+length+")"), g.sliceOf(g.pkg, name, size/n)}
	case 1:
		size := g.size()
		length := strconv.Itoa(size)
		e := g.entity("make", []int{size})
		if g.chance(70) {
			length = g.intVar(size)
			e.Keys = []int{keyOf(length[1:])}
		}
		if g.minor >= 21 && g.chance(30) {
			length = "max(" + length + ", 16)"
		}
		if g.chance(20) {
			length = g.pick("0", "1") + ", " + length
		}
		return expression{mark(e, "make([]byte, "+length+")"), typeBytes}
	case 2:
		size := g.size()
		length := g.intVar(size / 8)
		id, _ := strconv.Atoi(length[1:])
		e := g.entity("make", []int{size}, id)
		return expression{mark(e, "make([]int, "+length+")"), typeInts}
	default: // nothing in it
		length := g.intVar(0)
		id, _ := strconv.Atoi(length[1:])
		e := g.entity("make", []int{0}, id)
		return expression{mark(e, "make([]int, "+length+")"), typeInts}
	}
}

func (g *generator) sliceLiteral() expression {
	size := g.size()
	name, id := g.newType(size, false)
	e := g.entity("slice literal", []int{size}, id)
	return expression{mark(e, "[]"+name+"{{}}"), g.sliceOf(g.pkg, name, size)}
}

func (g *generator) intsLiteral() expression {
	n := g.size() / 8
	e := g.entity("slice literal", []int{n * 8})
	values := make([]string, n)
	for i := range values {
		values[i] = "i"
	}
	if g.chance(30) {
		for i := range values {
			values[i] = strconv.Itoa(i)
		}
	}
	return expression{mark(e, "[]int{"+strings.Join(values, ", ")+"}"), typeInts}
}

// stringVar: a string of so many bytes that the compiler does not know.
func (g *generator) stringVar(n int) (string, int) {
	id := g.id()
	name := fmt.Sprintf("s%d", id)
	g.local(name, fmt.Sprintf("lib.S(%d)", n))
	return name, id
}

func (g *generator) concatenation() expression {
	size := g.size()
	parts := 2 + g.Intn(3)
	var code []string
	var keys []int
	left := size
	long := g.chance(20) && size > 100
	for i := 0; i < parts; i++ {
		n := left / (parts - i)
		left -= n
		if i > 0 && g.chance(30) || long && i == 1 {
			if long && i == 1 && n < 72 && left >= 72-n {
				left -= 72 - n
				n = 72
			}
			code = append(code, strconv.Quote(strings.Repeat(g.pick("x", "y", "`", "+ "), n)[:n]))
			continue
		}
		name, id := g.stringVar(n)
		code, keys = append(code, name), append(keys, id)
	}
	e := g.entity("concatenation", []int{size}, keys...)
	return expression{mark(e, strings.Join(code, " + ")), typeString}
}

func (g *generator) bytesVar(n int) (string, int) {
	id := g.id()
	name := fmt.Sprintf("b%d", id)
	g.local(name, fmt.Sprintf("lib.B(%d)", n))
	return name, id
}

func (g *generator) stringOfBytes() expression {
	size := g.size()
	name, id := g.bytesVar(size)
	e := g.entity("string conversion", []int{size}, id)
	code := "string(" + name + ")"
	return expression{mark(e, code), typeString}
}

func (g *generator) bytesOfString() expression {
	size := g.size()
	if g.chance(20) {
		e := g.entity("string conversion", []int{size})
		return expression{mark(e, "[]byte("+strconv.Quote(strings.Repeat("z", size))+")"), typeBytes}
	}
	name, id := g.stringVar(size)
	e := g.entity("string conversion", []int{size}, id)
	return expression{mark(e, "[]byte("+name+")"), typeBytes}
}

func (g *generator) runes() expression {
	size := g.size()
	name, id := g.stringVar(size / 4)
	e := g.entity("string conversion", []int{size}, id)
	return expression{mark(e, "[]rune("+name+")"), typeRunes}
}

func (g *generator) closure() expression {
	e := g.entity("closure", nil)
	n := g.Intn(5)
	sum := make([]string, 0)
	for i := 0; i < n; i++ {
		sum = append(sum, g.intVar(i))
	}
	e.Classes = []int{small, 24, 32, 48, 64}
	switch n {
	case 0:
		return expression{mark(e, "func() int { return 1 }"), typeFunc}
	default:
		body := "return " + strings.Join(sum, " + ")
		if g.chance(25) { // by reference: the variable moves if the closure escapes
			body = sum[0] + "++; " + body
			g.movedLocal(sum[0], 8)
		}
		return expression{mark(e, "func() int { "+body+" }"), typeFunc}
	}
}

// movedLocal makes the declaration of a local, already in the prelude, an entity: what closures capture moves where it is large or
// assigned to. It runs once.
func (g *generator) movedLocal(name string, size int) {
	for i, line := range g.prelude {
		if strings.HasPrefix(line, name+" := ") {
			id, _ := strconv.Atoi(name[1:])
			hit := g.hit
			g.hit = 0 // of the function itself: set later
			e := g.entity("moved", []int{size}, id)
			if size == 8 {
				e.Classes = []int{8, small}
			}
			e.Hit = -2
			g.hit = hit
			g.prelude[i] = mark(e, name) + line[len(name):]
		}
	}
}

func (g *generator) methodValue() expression {
	size := g.size()
	name, id := g.newType(size, false)
	v := fmt.Sprintf("t%d", id)
	e := g.entity("method value", []int{small}, id)
	if g.chance(50) {
		g.local(v, "&V"+name)
		return expression{mark(e, v+".Sum"), typeFunc}
	}
	g.local(v, "V"+name)
	g.movedLocal(v, size)
	e.Classes = []int{classOf(size+8, true)}
	return expression{mark(e, v+".Val"), typeFunc}
}

// box puts a value of some kind into an interface.
func (g *generator) boxOperand() (code string, e *entity) {
	id := g.id()
	v := fmt.Sprintf("v%d", id)
	switch g.Intn(16) {
	case 14: // the result of a comparison
		g.local(v, "lib.N(3)")
		e = g.entity("box", []int{}, id)
		return mark(e, v+" > "+g.pick("2", "3")), e
	case 15: // text from bytes
		n := []int{0, 40, 100}[g.Intn(3)]
		g.local(v, fmt.Sprintf("lib.B(%d)", n))
		x := g.entity("string conversion", []int{classOf(n, false)}, id)
		e = g.entity("box", []int{small}, id)
		return mark(e, mark(x, "string("+v+")")), e
	case 9: // an array
		size := g.size()
		g.local(v, fmt.Sprintf("[%d]int64{1: int64(lib.N(3))}", size/8))
		g.localSizes[v] = size
		g.movedLocal(v, size)
		e = g.entity("box", []int{size}, id)
	case 10:
		g.local(v, "lib.N(3) > "+g.pick("2", "3"))
		e = g.entity("box", []int{small}, id)
	case 11: // of no size
		e = g.entity("box", []int{})
		return mark(e, "struct{}{}"), e
	case 12: // is a pointer
		g.local(v, "&lib.Acc")
		e = g.entity("box", []int{}, id)
	case 13:
		g.local(v, "lib.I("+g.pick("0", "3")+")")
		e = g.entity("box", []int{24}, id)
	case 0, 1: // an int of which so many values are small
		few := []int{0, 1, 2, 3}[g.Intn(4)]
		g.local(v, fmt.Sprintf("lib.N(%d)", 10))
		e = g.entity("box", []int{small}, id)
		// The value is above 255 in the first rounds only; Step counts in which.
		e.Large = g.newHit()
		return mark(e, fmt.Sprintf("%s + lib.Step(i, %d, %d)", v, few, e.Large)), e
	case 2:
		g.local(v, "float64(lib.N(3))")
		e = g.entity("box", []int{small}, id)
	case 3:
		size := g.size()
		name, _ := g.newType(size, g.chance(40))
		g.local(v, "lib.Get(GS"+name+")")
		g.movedLocal(v, size)
		e = g.entity("box", []int{size}, id)
	case 4:
		g.local(v, "lib.S("+g.pick("0", "3", "20")+")")
		e = g.entity("box", []int{small}, id)
	case 5:
		g.local(v, "lib.B("+g.pick("0", "3", "20")+")")
		e = g.entity("box", []int{24}, id)
	case 6: // a constant
		e = g.entity("box", []int{small})
		return mark(e, g.pick("7", "7000", `"text"`, "1.5", "'x'", "true")), e
	case 7:
		g.local(v, "uint16(lib.N("+g.pick("7", "700")+"))")
		e = g.entity("box", []int{small}, id)
	case 8:
		g.local(v, "lib.N("+g.pick("7", "700")+")")
		e = g.entity("box", []int{small}, id)
	}
	return mark(e, v), e
}

func (g *generator) boxed() expression {
	code, _ := g.boxOperand()
	if g.chance(50) {
		return expression{"any(" + code + ")", typeAny}
	}
	return expression{code, typeAny}
}

func (g *generator) makeChan() expression {
	e := g.entity("chan", nil)
	n := g.Intn(8)
	if g.chance(40) {
		size := []int{16, 32, 64}[g.Intn(3)]
		name, id := g.newType(size, false)
		e.Keys = []int{id}
		for _, head := range []int{96, 104, 112} {
			e.Classes = append(e.Classes, classOf(head+n*size, false))
		}
		return expression{mark(e, fmt.Sprintf("make(chan %s, %d)", name, n)), typ{name: "chan " + name, global: "lib.GAny = %s", use: "cap(%s)"}}
	}
	e.Classes = []int{96, 112, 128, 144, 160, 176}
	return expression{mark(e, fmt.Sprintf("make(chan int, %d)", n)), typeChan}
}

func (g *generator) appended() expression {
	size := g.size()
	switch g.Intn(3) {
	case 0:
		name, id := g.newType(size, false)
		v := fmt.Sprintf("x%d", id)
		g.local(v, "GS"+name)
		e := g.entity("append", []int{size})
		if size <= 32 { // the first time there may be room on the stack
			e.Counts = []int{1, 2, 3, 4, 5}
		}
		return expression{mark(e, "append("+v+", "+name+"{})"), g.sliceOf(g.pkg, name, size)}
	case 1:
		name, _ := g.bytesVar(size)
		e := g.entity("append", []int{size})
		return expression{mark(e, "append([]byte(nil), "+name+"...)"), typeBytes}
	default:
		name, _ := g.stringVar(size)
		e := g.entity("append", []int{size})
		return expression{mark(e, "append([]byte(nil), "+name+"...)"), typeBytes}
	}
}

// nested: a composite with pointers to others.
func (g *generator) nested() expression {
	inner := g.address()
	inner2 := g.address()
	id := g.id()
	name := fmt.Sprintf("T%d", id)
	f := g.out("types")
	f.lines = append(f.lines, fmt.Sprintf("type %s struct { P %s; Q []%s; R any }", name, inner.name, inner2.name),
		fmt.Sprintf("func (t *%s) Sum() int { return len(t.Q) }", name), fmt.Sprintf("var G%s *%s", name, name), "")
	slice := g.entity("slice literal", []int{8}, keyOf(inner2.name))
	boxed, _ := g.boxOperand()
	e := g.entity("new", []int{48}, id)
	code := "&" + name + "{P: " + inner.code + ", Q: " + mark(slice, "[]"+inner2.name+"{"+inner2.code+"}") + ", R: " + boxed + "}"
	if g.chance(30) {
		code = strings.Replace(code, ", Q:", ",\n\t\t\tQ:", 1)
	}
	return expression{mark(e, code), g.pointerTo(g.pkg, name, 48)}
}

// keyOf returns the number in a name.
func keyOf(name string) int {
	n, _ := strconv.Atoi(strings.TrimLeft(name, "*[]abcdefghijklmnopqrstuvwxyz.T"))
	return n
}

// ---- functions that others call ----

func (g *generator) newFunction() *function {
	pkgs := []string{"lib", "a", "b", "main"}
	var pkg string
	for pkg = pkgs[g.Intn(len(pkgs))]; !g.visible(pkg); {
		pkg = pkgs[g.Intn(len(pkgs))]
	}
	saved, savedPkg, savedHit := g.cur, g.pkg, g.hit
	g.cur, g.pkg, g.hit = nil, pkg, -1
	defer func() { g.cur, g.pkg, g.hit = saved, savedPkg, savedHit }()

	fn := &function{pkg: pkg}
	id := g.id()
	fn.name = fmt.Sprintf("F%d", id)
	f := g.out("funcs")
	noinline := g.chance(15)
	add := func(format string, args ...interface{}) {
		if noinline {
			f.lines = append(f.lines, "//go:noinline")
		}
		f.lines = append(f.lines, strings.Split(fmt.Sprintf(format, args...), "\n")...)
	}
	body := func(kind string, classes []int, keys ...int) *entity {
		e := g.entity(kind, classes, keys...)
		fn.body = append(fn.body, e)
		return e
	}
	size := g.size()
	switch g.Intn(15) {
	case 9: // small variables, which the compiler puts together
		e := body("moved", []int{8, small}, id)
		fn.result = func(string) typ { return typeInt32 }
		fn.params, fn.args = "n int", "n"
		fn.call = func() (string, []int, []int) { return g.intVar(3), []int{8, small}, nil }
		add("func %s(n int) *int32 {\n\t%s := int32(n)\n\treturn &v%d\n}", fn.name, mark(e, fmt.Sprintf("v%d", id)), id)
	case 10: // two in one function
		e1, e2 := body("moved", []int{small}, id), body("closure", []int{small})
		fn.result = func(string) typ { return typeFunc }
		fn.params, fn.args = "n int", "n"
		fn.call = func() (string, []int, []int) { return g.intVar(3), []int{small}, nil }
		add("func %s(%s int) func() int {\n\treturn %s\n}", fn.name, mark(e1, fmt.Sprintf("v%d", id)),
			mark(e2, fmt.Sprintf("func() int { v%d++; return v%d }", id, id)))
	case 11: // generic: boxed
		name, _ := g.newType(size, g.chance(40))
		e := body("box", []int{size}, id)
		fn.result = func(string) typ { return typeAny }
		value := "V" + name
		fn.call = func() (string, []int, []int) { return g.from(pkg, value), []int{size}, nil }
		add("func %s[E any](v%d E) any { return %s }", fn.name, id, mark(e, fmt.Sprintf("v%d", id)))
	case 12: // concatenation of parameters
		e := body("concatenation", []int{size}, id)
		fn.result = func(string) typ { return typeString }
		fn.call = func() (string, []int, []int) {
			s1, _ := g.stringVar(size / 2)
			s2, _ := g.stringVar(size - size/2)
			return s1 + ", " + s2, []int{size}, nil
		}
		add("func %s(s%d, t%d string) string { return %s }", fn.name, id, id, mark(e, fmt.Sprintf("s%d + t%d", id, id)))
	case 13: // an append to a parameter
		e := body("append", []int{size})
		fn.result = func(string) typ { return typeBytes }
		fn.call = func() (string, []int, []int) {
			b, _ := g.bytesVar(size)
			return b, []int{size}, nil
		}
		add("func %s(b []byte) []byte { return %s }", fn.name, mark(e, "append([]byte(nil), b...)"))
	case 14: // a function that calls another
		inner := g.reusable()
		if inner == nil {
			inner = g.newFunction()
			if inner.params == "" && inner.args == "" && !inner.plain {
				g.used[0] = false
			}
		}
		if !inner.wrappable() {
			return inner
		}
		fn.result, fn.params, fn.args, fn.plain = inner.result, inner.params, inner.args, inner.plain
		classes := map[int][]int{}
		code := g.from(inner.pkg, inner.name) + "(" + inner.args + ")"
		for _, b := range inner.body {
			e := body(b.Kind, b.Classes, b.Keys...)
			e.Body = b.ID
			classes[e.ID] = b.Classes
			code = mark(e, code)
		}
		fn.call = inner.call
		f = g.out("funcs")
		add("func %s(%s) %s { return %s }", fn.name, fn.params, inner.result(pkg).name, code)
	case 0: // make of a length
		name, key := g.newType(size, false)
		e := body("make", []int{size}, key)
		fn.result = func(string) typ { return g.sliceOf(pkg, name, size) }
		fn.params, fn.args = "n int", "n"
		fn.call = func() (string, []int, []int) { return g.intVar(1), []int{size}, nil }
		add("func %s(n int) []%s { return %s }", fn.name, name, mark(e, "make([]"+name+", n)"))
	case 1:
		name, key := g.newType(size, g.chance(40))
		e := body("new", []int{size}, key)
		fn.result = func(string) typ { return g.pointerTo(pkg, name, size) }
		fn.plain = true
		fn.call = func() (string, []int, []int) { return "", []int{size}, nil }
		add("func %s() *%s { return %s }", fn.name, name, mark(e, "&"+name+"{}"))
	case 2: // a boxed parameter
		e := body("box", []int{small}, id)
		fn.result = func(string) typ { return typeAny }
		fn.call = func() (string, []int, []int) { return g.intVar([]int{7, 700}[g.Intn(2)]), []int{small}, nil }
		fn.params, fn.args = "n int", "n"
		add("func %s(v%d int) any { return %s }", fn.name, id, mark(e, fmt.Sprintf("v%d", id)))
	case 3:
		e := body("string conversion", []int{size}, id)
		fn.result = func(string) typ { return typeString }
		fn.call = func() (string, []int, []int) {
			name, _ := g.bytesVar(size)
			return name, []int{size}, nil
		}
		add("func %s(b%d []byte) string { return %s }", fn.name, id, mark(e, fmt.Sprintf("string(b%d)", id)))
	case 4:
		e := body("closure", []int{small})
		fn.result = func(string) typ { return typeFunc }
		fn.call = func() (string, []int, []int) { return g.intVar(4), []int{small}, nil }
		add("func %s(n int) func() int { return %s }", fn.name, mark(e, "func() int { return n }"))
	case 5: // a parameter that moves
		name, _ := g.newType(size, g.chance(40))
		e := body("moved", []int{size}, id)
		fn.result = func(string) typ { return g.pointerTo(pkg, name, size) }
		value := "V" + name
		fn.call = func() (string, []int, []int) { return g.from(pkg, value), []int{size}, nil }
		add("func %s(%s %s) *%s { return &v%d }", fn.name, mark(e, fmt.Sprintf("v%d", id)), name, name, id)
	case 6: // a local that moves
		name, _ := g.newType(size, g.chance(40))
		e := body("moved", []int{size}, id)
		fn.result = func(string) typ { return g.pointerTo(pkg, name, size) }
		fn.plain = true
		fn.call = func() (string, []int, []int) { return "", []int{size}, nil }
		add("func %s() *%s {\n\tvar %s %s\n\treturn &v%d\n}", fn.name, name, mark(e, fmt.Sprintf("v%d", id)), name, id)
	case 7: // generic, of an element
		name, _ := g.newType(size, false)
		e := body("make", []int{size}, id)
		fn.result = func(string) typ { return g.sliceOf(pkg, name, size) }
		fn.call = func() (string, []int, []int) { return g.intVar(1), []int{size}, nil }
		fn.name += "[%s" + name + "]"
		add("func F%d[E any](n%d int) []E { return %s }", id, id, mark(e, fmt.Sprintf("make([]E, n%d)", id)))
	case 8: // generic, pointer
		name, _ := g.newType(size, g.chance(40))
		e := body("moved", []int{size}, id)
		fn.result = func(string) typ { return g.pointerTo(pkg, name, size) }
		value := "V" + name
		fn.call = func() (string, []int, []int) { return g.from(pkg, value), []int{size}, nil }
		add("func %s[E any](%s E) *E { return &v%d }", fn.name, mark(e, fmt.Sprintf("v%d", id)), id)
	}
	g.functions = append(g.functions, fn)
	return fn
}

func (g *generator) call() expression {
	var fn *function
	if g.chance(40) && len(g.functions) > 0 {
		fn = g.functions[g.Intn(len(g.functions))]
		if !g.visible(fn.pkg) {
			fn = nil
		}
	}
	if fn == nil {
		fn = g.newFunction()
	}
	return g.callOf(fn)
}

func (g *generator) callOf(fn *function) expression {
	args, classes, counts := fn.call()
	code := g.from(fn.pkg, fn.name)
	if strings.Contains(code, "%s") {
		qualifier := fn.pkg + "."
		if fn.pkg == g.pkg {
			qualifier = ""
		}
		code = fmt.Sprintf(code, qualifier)
	}
	code += "(" + args + ")"
	for _, b := range fn.body {
		e := g.entity(b.Kind, classes, b.Keys...)
		e.Counts = counts
		e.Body = b.ID
		code = mark(e, code)
	}
	return expression{code, fn.result(g.pkg)}
}

// ---- statements ----

// consume: a statement that uses the value, and lets it escape or not.
func (g *generator) consume(x expression) string {
	if g.chance(60) {
		return fmt.Sprintf(x.global, x.code)
	}
	return fmt.Sprintf("lib.Acc += "+x.use, x.code)
}

// block counts how often it is evaluated.
func (g *generator) block(write func() string) string {
	saved := g.hit
	g.hit = g.newHit()
	code := fmt.Sprintf("lib.H[%d]++; ", g.hit) + write()
	g.hit = saved
	return code
}

// taker declares a function that takes values of such types, and lets each escape or not.
func (g *generator) taker(xs []expression) string {
	name := fmt.Sprintf("take%d", g.id())
	var params, lines []string
	for i, x := range xs {
		p := fmt.Sprintf("p%d", i)
		params = append(params, p+" "+x.name)
		lines = append(lines, "\t"+g.consume(expression{p, x.typ}))
	}
	g.decls = append(g.decls, "//go:noinline", "func "+name+"("+strings.Join(params, ", ")+") {")
	g.decls = append(g.decls, lines...)
	g.decls = append(g.decls, "}", "")
	return name
}

func codes(xs []expression) []string {
	var out []string
	for _, x := range xs {
		out = append(out, x.code)
	}
	return out
}

func (g *generator) several(n int) []expression {
	var xs []expression
	for i := 0; i < n; i++ {
		xs = append(xs, g.expression())
	}
	return xs
}

// typed is an expression of its type, not of one that is assignable to it.
func typed(x expression) expression {
	if x.name == "any" || x.name == "lib.Valuer" {
		x.code = x.name + "(" + x.code + ")"
	}
	return x
}

type form struct {
	name   string
	weight int
	since  int
	write  func(g *generator) string
}

var forms = []form{
	{"plain", 3, 0, func(g *generator) string { return g.consume(g.expression()) }},
	{"call", 4, 0, func(g *generator) string {
		xs := g.several(2 + g.Intn(2))
		return g.taker(xs) + "(" + strings.Join(codes(xs), ", ") + ")"
	}},
	{"call on lines", 2, 0, func(g *generator) string {
		xs := g.several(2 + g.Intn(2))
		return g.taker(xs) + "(\n\t\t\t" + strings.Join(codes(xs), ",\n\t\t\t") + ")"
	}},
	{"if on a line", 4, 0, func(g *generator) string {
		return "if i%2 == 0 { " + g.block(func() string { return g.consume(g.expression()) }) + " } else { " +
			g.block(func() string { return g.consume(g.expression()) }) + " }"
	}},
	{"switch on a line", 2, 0, func(g *generator) string {
		code := "switch i { case 0: "
		code += g.block(func() string { return g.consume(g.expression()) })
		code += "; case 1: " + g.block(func() string { return g.consume(g.expression()) })
		return code + "; default: " + g.block(func() string { return g.consume(g.expression()) }) + " }"
	}},
	{"loop on a line", 2, 0, func(g *generator) string {
		return "for j := 0; j < 2; j++ { " + g.block(func() string { return g.consume(g.expression()) }) + " }"
	}},
	{"not reached", 1, 0, func(g *generator) string {
		return "if i > 100 { " + g.block(func() string { return g.consume(g.expression()) }) + " }; " + g.consume(g.expression())
	}},
	{"compiled out", 1, 0, func(g *generator) string {
		return "if lib.Never { " + g.block(func() string { return g.consume(g.expression()) }) + " }; " + g.consume(g.expression())
	}},
	{"assignments", 2, 0, func(g *generator) string {
		xs := g.several(2)
		a, b := fmt.Sprintf("x%d", g.id()), fmt.Sprintf("y%d", g.id())
		code := fmt.Sprintf("var %s %s; var %s %s; %s, %s = %s, %s; ", a, xs[0].name, b, xs[1].name, a, b, xs[0].code, xs[1].code)
		return code + g.consume(expression{a, xs[0].typ}) + "; " + g.consume(expression{b, xs[1].typ})
	}},
	{"function literal called", 2, 0, func(g *generator) string {
		e := g.entity("closure", nil)
		return mark(e, "func() { "+g.block(func() string { return g.consume(g.expression()) })+" }") + "()"
	}},
	{"defer", 1, 0, func(g *generator) string {
		// In a function of its own, so that it runs at once.
		outer, inner := g.entity("closure", nil), g.entity("closure", nil)
		return mark(outer, "func() { defer "+mark(inner, "func() { "+g.block(func() string { return g.consume(g.expression()) })+" }")+"() }") + "()"
	}},
	{"defer with arguments", 1, 0, func(g *generator) string {
		outer := g.entity("closure", nil)
		wrapper := g.entity("go", nil)
		xs := g.several(1 + g.Intn(2))
		wrapper = g.captured(wrapper, xs)
		return mark(outer, "func() { "+mark(wrapper, "defer "+g.taker(xs)+"("+strings.Join(codes(xs), ", ")+")")+" }") + "()"
	}},
	{"go", 1, 0, func(g *generator) string {
		wrapper := g.entity("go", nil)
		e := g.entity("closure", nil)
		return mark(g.goroutine(), mark(wrapper, "go "+mark(e, "func() { "+g.block(func() string { return g.consume(g.expression()) })+"; lib.Done() }")+"()")) + "; lib.Wait()"
	}},
	{"go with arguments", 1, 0, func(g *generator) string {
		wrapper := g.entity("go", nil)
		xs := g.several(1 + g.Intn(2))
		wrapper = g.captured(wrapper, xs)
		name := g.taker(xs)
		for i := range g.decls { // it has to say when it is done
			if strings.HasPrefix(g.decls[i], "func "+name+"(") {
				g.decls[i] += " defer lib.Done()"
			}
		}
		return mark(g.goroutine(), mark(wrapper, "go "+name+"("+strings.Join(codes(xs), ", ")+")")) + "; lib.Wait()"
	}},
	{"variadic", 3, 0, func(g *generator) string {
		n := 1 + g.Intn(3)
		var args []string
		for i := 0; i < n; i++ {
			code, _ := g.boxOperand()
			args = append(args, code)
		}
		e := g.entity("argument", []int{classOf(16*n, true)})
		return mark(e, g.pick("lib.Keep", "lib.Show", "lib.Inline")+"("+strings.Join(args, ", ")+")")
	}},
	{"variadic ints", 1, 0, func(g *generator) string {
		n := 1 + g.Intn(6)
		e := g.entity("argument", []int{classOf(8*n, false)})
		return mark(e, g.pick("lib.KeepInts", "lib.ShowInts")+"(i"+strings.Repeat(", i", n-1)+")")
	}},
	{"short circuit", 1, 0, func(g *generator) string {
		var parts []string
		for i := 0; i < 3; i++ {
			saved := g.hit
			g.hit = g.newHit()
			x := g.expression()
			parts = append(parts, fmt.Sprintf("lib.Count(%d, i > %d) && %s > 0", g.hit, i-1, fmt.Sprintf(x.use, x.code)))
			g.hit = saved
		}
		return "if " + strings.Join(parts, " && ") + " { lib.Acc++ }"
	}},
	{"moved variable", 2, 0, func(g *generator) string {
		size := g.size()
		name, _ := g.newType(size, g.chance(40))
		id := g.id()
		e := g.entity("moved", []int{size}, id)
		if g.chance(50) {
			return fmt.Sprintf("var %s %s; %s", mark(e, fmt.Sprintf("v%d", id)), name, g.consume(expression{fmt.Sprintf("&v%d", id), g.pointerTo(g.pkg, name, size)}))
		}
		return fmt.Sprintf("%s := %s{}; G%s = &v%d; ", mark(e, fmt.Sprintf("v%d", id)), name, name, id) + g.consume(g.expression())
	}},
	{"return", 1, 0, func(g *generator) string {
		xs := g.several(2)
		e := g.entity("closure", nil)
		a, b := fmt.Sprintf("x%d", g.id()), fmt.Sprintf("y%d", g.id())
		return fmt.Sprintf("%s, %s := %s(); ", a, b, mark(e, "func() ("+xs[0].name+", "+xs[1].name+") { return "+strings.Join(codes(xs), ", ")+" }")) +
			g.consume(expression{a, xs[0].typ}) + "; " + g.consume(expression{b, xs[1].typ})
	}},
	{"map of pointers", 2, 0, func(g *generator) string {
		g.open()
		e := g.entity("map", nil)
		e.Many = true
		var all []string
		name := ""
		for i := 0; i < 1+g.Intn(3); i++ {
			for name == "" || g.chance(30) {
				// Not what maps themselves are made of.
				name, _ = g.newType(classes[17+g.Intn(len(classes)-17)], g.chance(40))
			}
			x := g.entity("new", []int{g.typeSizes[keyOf(name)]}, keyOf(name))
			all = append(all, fmt.Sprintf("%d: %s", i, mark(x, "&"+name+"{}")))
		}
		return mark(e, "m1 := map[int]lib.Summer{"+strings.Join(all, ", ")+"}; ") + g.pick("lib.GAny = m1", "lib.Acc += len(m1)")
	}},
	{"key of a map", 1, 0, func(g *generator) string {
		g.open()
		e := g.entity("map", nil)
		e.Many = true
		size := classes[17+g.Intn(len(classes)-17)]
		name, id := g.bytesVar(size)
		x := g.entity("string conversion", []int{size}, id)
		return mark(e, "m1 := map[string]int{}; m1["+mark(x, "string("+name+")")+"] = i; ") + g.pick("lib.GAny = m1", "lib.Acc += len(m1)")
	}},
	{"range over a conversion", 1, 0, func(g *generator) string {
		name, id := g.stringVar(60)
		e := g.entity("string conversion", []int{64}, id)
		return "for _, c := range " + mark(e, "[]byte("+name+")") + " { lib.Acc += int(c) }; " + g.consume(g.expression())
	}},
	{"literals in literals", 1, 0, func(g *generator) string {
		outer, inner := g.entity("closure", nil), g.entity("closure", nil)
		n := g.intVar(5)
		x := g.expression()
		return g.consume(expression{mark(outer, "func() func() int { "+g.consume(x)+"; return "+mark(inner, "func() int { return "+n+" }")+" }") + "()", typeFunc})
	}},
	{"builder", 1, 0, func(g *generator) string {
		size := g.size()
		s, _ := g.stringVar(size)
		id := g.id()
		v := g.entity("moved", []int{32}, id)
		e := g.entity("append", []int{size})
		e.Body = g.standard().ID
		name := fmt.Sprintf("w%d", id)
		panics := g.entity("box", []int{}) // of a Builder that was copied
		return "var " + mark(v, name) + " strings.Builder; " + mark(panics, mark(e, name+".WriteString("+s+")")) + "; " + g.consume(expression{name + ".String()", typeString})
	}},
	{"go of a method", 1, 0, func(g *generator) string {
		size := g.size()
		name, id := g.newType(size, false)
		wrapper := g.entity("go", nil)
		wrapper.Moved = append(wrapper.Moved, g.entity("captured", nil).ID)
		t := g.out("types")
		t.lines = append(t.lines, fmt.Sprintf("func (t %s) Run(v any) { lib.GAny = v; lib.Done() }", name))
		v := fmt.Sprintf("t%d", id)
		g.local(v, "V"+name)
		x, _ := g.boxOperand()
		return mark(g.goroutine(), mark(wrapper, "go "+v+".Run("+x+")")) + "; lib.Wait()"
	}},
	{"copied from nothing", 1, 0, func(g *generator) string {
		size := g.size()
		n := g.intVar(size)
		e := g.entity("make", []int{size}, keyOf(n))
		return "lib.Acc += copy(" + mark(e, "make([]byte, "+n+")") + ", lib.GStr); " + g.consume(g.expression())
	}},
	{"range over a function that is not inlined", 1, 23, func(g *generator) string {
		function, body := g.entity("elsewhere", []int{small}), g.entity("closure", nil)
		var moved []*entity
		for i := 0; i < 3; i++ { // its state, and what it shares with the function around it
			moved = append(moved, g.entity("moved", []int{8, small}))
		}
		code := "for " + mark(body, "j := range "+mark(function, "lib.SeqN(2)")+" { _ = j; "+g.block(func() string { return g.consume(g.expression()) })+" }")
		for _, e := range moved {
			code = mark(e, code)
		}
		return code
	}},
	{"a function twice", 2, 0, func(g *generator) string {
		fn := g.newFunction()
		switch g.Intn(3) {
		case 0:
			xs := []expression{g.callOf(fn), g.callOf(fn)}
			return g.taker(xs) + "(" + strings.Join(codes(xs), ", ") + ")"
		case 1:
			return "if i%2 == 0 { " + g.block(func() string { return g.consume(g.callOf(fn)) }) + " } else { " +
				g.block(func() string { return g.consume(g.callOf(fn)) }) + " }"
		default:
			return "for j := 0; j < 2; j++ { " + g.block(func() string { return g.consume(g.callOf(fn)) }) + " }; " + g.consume(g.callOf(fn))
		}
	}},
	{"the same twice", 2, 0, func(g *generator) string {
		make2 := func() (expression, expression) { return g.address(), g.address() }
		switch g.Intn(6) {
		case 0:
			make2 = func() (expression, expression) { return g.closure(), g.closure() }
		case 1:
			make2 = func() (expression, expression) { return g.concatenation(), g.concatenation() }
		case 2:
			make2 = func() (expression, expression) { return g.bytesOfString(), g.bytesOfString() }
		case 3:
			make2 = func() (expression, expression) { return g.boxed(), g.boxed() }
		case 4:
			make2 = func() (expression, expression) { return g.appended(), g.appended() }
		}
		hit := g.newHit()
		saved := g.hit
		a, b := make2()
		g.hit = hit
		c, d := make2()
		g.hit = saved
		return g.consume(a) + "; if i > 0 { " + fmt.Sprintf("lib.H[%d]++; ", hit) + g.consume(c) + "; " + g.consume(d) + " }; " + g.consume(b)
	}},
	{"made and copied", 1, 0, func(g *generator) string {
		size := g.size()
		e := g.entity("make", []int{size})
		b, _ := g.bytesVar(size)
		return "x1 := " + mark(e, "make([]byte, len("+b+"))") + g.pick("; ", "\n\t\t") + "copy(x1, " + b + "); " + g.consume(expression{"x1", typeBytes})
	}},
	{"+=", 1, 0, func(g *generator) string {
		size := g.size()
		s1, id1 := g.stringVar(size / 2)
		s2, id2 := g.stringVar(size - size/2)
		e := g.entity("concatenation", []int{size}, id2)
		_ = id1
		return "x1 := " + s1 + "; " + mark(e, "x1 += "+s2) + "; " + g.consume(expression{"x1", typeString})
	}},
	{"array sliced", 1, 0, func(g *generator) string {
		size := g.size()
		id := g.id()
		e := g.entity("moved", []int{size}, id)
		return fmt.Sprintf("var %s [%d]byte; ", mark(e, fmt.Sprintf("v%d", id)), size) + g.consume(expression{fmt.Sprintf("v%d[:]", id), typeBytes}) +
			"; " + g.consume(g.expression())
	}},
	{"if with a value", 1, 0, func(g *generator) string {
		x := typed(g.expression())
		return "if x1 := (" + x.code + "); i > 0 { " + g.consume(expression{"x1", x.typ}) + " } else { " +
			g.block(func() string { return g.consume(g.expression()) }) + " }"
	}},
	{"lines of a function literal", 2, 0, func(g *generator) string {
		e := g.entity("closure", nil)
		code := "func() {"
		for i := 0; i < 1+g.Intn(2); i++ {
			code += "\n\t\t\t" + g.block(func() string { return g.consume(g.expression()) })
		}
		return mark(e, code+"\n\t\t}") + "()"
	}},
	{"chain on lines", 1, 0, func(g *generator) string {
		code := "lib.Chain"
		for i := 0; i < 2+g.Intn(2); i++ {
			x := g.boxed().code
			code += ".\n\t\t\tAdd(" + x + ")"
		}
		return code
	}},
	{"send", 1, 0, func(g *generator) string {
		x := typed(g.expression())
		e := g.entity("chan", []int{96, 112, 128})
		// Where there are pointers in the elements the buffer is an object of its own.
		e.Joined = []int{g.entity("buffer", []int{8, small, 24}).ID}
		return "x1 := " + mark(g.byID[e.Joined[0]], mark(e, "make(chan "+x.name+", 1)")) + "; x1 <- " + x.code + "; " + g.consume(expression{"<-x1", x.typ})
	}},
	{"defer in a loop", 1, 0, func(g *generator) string {
		outer, inner := g.entity("closure", nil), g.entity("closure", nil)
		store := g.entity("runtime", nil)
		store.Counts = []int{1, 2, 3, 4, 5, 6}
		inner.Hit = g.nextHit // of the block
		code := g.block(func() string { return g.consume(g.expression()) })
		return mark(outer, "func() { for j := 0; j < 2; j++ { "+mark(store, "defer "+mark(inner, "func() { "+code+" }")+"()")+" } }") + "()"
	}},
	{"panic", 1, 0, func(g *generator) string {
		outer, inner := g.entity("closure", nil), g.entity("closure", nil)
		code, _ := g.boxOperand()
		store := g.entity("runtime", nil)
		store.Counts = []int{1, 2, 3}
		return mark(store, mark(outer, "func() { defer "+mark(inner, "func() { recover() }")+"(); panic("+code+") }")+"()")
	}},
	{"compared", 1, 0, func(g *generator) string {
		code, _ := g.boxOperand()
		return "lib.Acc += lib.Bool(any(" + code + ") == lib.Other); " + g.consume(g.expression())
	}},
	{"range over a literal", 1, 0, func(g *generator) string {
		x := g.sliceLiteral()
		return "for j := range " + x.code + " { _ = j; " + g.block(func() string { return g.consume(g.expression()) }) + " }"
	}},
	{"small moved variables", 2, 0, func(g *generator) string {
		id1, id2 := g.id(), g.id()
		e1, e2 := g.entity("moved", []int{8, small}, id1), g.entity("moved", []int{8, small}, id2)
		return fmt.Sprintf("%s, %s := int32(i), int32(i); ", mark(e1, fmt.Sprintf("v%d", id1)), mark(e2, fmt.Sprintf("v%d", id2))) +
			g.consume(expression{fmt.Sprintf("&v%d", id1), typeInt32}) + g.pick("; ", "\n\t\t") + g.consume(expression{fmt.Sprintf("&v%d", id2), typeInt32}) +
			"; " + g.consume(g.expression())
	}},
	{"moved variables of blocks", 3, 0, func(g *generator) string {
		// Numbers of several sizes, which share objects since Go 1.25, and strings among them, which do not.
		variables := func() string {
			var code []string
			for i, n := 0, 1+g.Intn(4); i < n; i++ {
				id := g.id()
				name := fmt.Sprintf("v%d", id)
				value := g.pick("int", "int8", "int16", "int32", "float64", "uint8") + "(i)"
				if g.chance(20) {
					value = "lib.GStr"
				}
				code = append(code, mark(g.entity("moved", []int{8, small}, id), name)+" := "+value+"; lib.GAny = &"+name)
			}
			return strings.Join(code, g.pick("; ", "\n\t\t"))
		}
		code := variables() + g.pick("; ", "\n\t\t")
		switch g.Intn(6) {
		case 0:
			code += "if i%2 == 0 { " + g.block(variables) + " } else { " + g.block(variables) + " }; "
		case 1:
			code += "if i >= 0 { " + g.block(variables) + " }; "
		case 2:
			code += "switch { case i > 1: " + g.block(variables) + "; default: " + g.block(variables) + " }; "
		case 3:
			code += "{ " + variables() + " }; "
		}
		return code + g.consume(g.expression())
	}},
	{"method of a generic type", 1, 0, func(g *generator) string {
		size := g.size()
		name, id := g.newType(size, false)
		e := g.entity("new", []int{24, 32}, id)
		return "(" + mark(e, "&lib.List["+name+"]{}") + ").Len(); " + g.consume(g.expression())
	}},
	{"map", 2, 0, func(g *generator) string {
		g.open()
		e := g.entity("map", nil)
		e.Many = true
		n := 1 + g.Intn(40)
		switch g.Intn(3) {
		case 0:
			return mark(e, fmt.Sprintf("m1 := make(map[int]int, %d); for j := 0; j < %d; j++ { m1[j] = j }; lib.Acc += len(m1)", g.Intn(20), n))
		case 1:
			return mark(e, fmt.Sprintf("m1 := map[string]int{\"a\": i, \"b\": i}; for j := 0; j < %d; j++ { m1[lib.S(j)] = j }; lib.GAny = m1", n))
		default:
			return mark(e, fmt.Sprintf("m1 := map[int]*int{}; for j := 0; j < %d; j++ { m1[j] = nil }; lib.Acc += len(m1)", n))
		}
	}},
	{"map of large values", 1, 0, func(g *generator) string {
		g.open()
		e := g.entity("map", nil)
		e.Many = true
		return mark(e, fmt.Sprintf("m1 := map[int][%d]byte{}; for j := 0; j < %d; j++ { m1[j] = [%d]byte{} }; ", 200, 1+g.Intn(12), 200)) +
			g.pick("lib.GAny = m1", "lib.Acc += len(m1)")
	}},
	{"map with interfaces as keys", 1, 0, func(g *generator) string {
		g.open()
		e := g.entity("map", nil)
		e.Many = true
		size := classes[18+g.Intn(len(classes)-18)]
		name, id := g.bytesVar(size)
		x, box := g.entity("string conversion", []int{size}, id), g.entity("box", []int{small}, id)
		return mark(e, "m1 := map[any]int{}; m1["+mark(box, "any("+mark(x, "string("+name+")")+")")+"] = i; ") + g.pick("lib.GAny = m1", "lib.Acc += len(m1)")
	}},
	{"append in lines", 2, 0, func(g *generator) string {
		g.open()
		e := g.entity("append", nil)
		e.Many = true
		return mark(e, fmt.Sprintf("var x1 []int\n\t\tfor j := 0; j < %d; j++ {\n\t\t\tx1 = append(x1, j)\n\t\t}\n\t\t", 1+g.Intn(40))+
			g.pick("lib.GInts = x1", "lib.Acc += len(x1)", "lib.Acc += lib.UseI(x1)"))
	}},
	{"promoted method", 1, 0, func(g *generator) string {
		size := g.size()
		name, id := g.newType(size, g.chance(40))
		t := g.out("types")
		saved := g.cur
		hit := g.hit
		g.cur, g.hit = nil, -1
		body := g.entity("new", []int{size}, id)
		g.cur, g.hit = saved, hit
		t.lines = append(t.lines, fmt.Sprintf("type B%d struct{ n int }", id), fmt.Sprintf("func (b *B%d) Make() any { return %s }", id, mark(body, "&"+name+"{}")),
			fmt.Sprintf("type E%d struct { a int; B%d }", id, id), fmt.Sprintf("var M%d lib.Maker = &E%d{}", id, id))
		e := g.entity("new", []int{size}, id)
		e.Body = body.ID
		return fmt.Sprintf(g.pick("lib.GAny = %s", "lib.Acc += lib.UseA(%s)"), mark(e, fmt.Sprintf("M%d.Make()", id)))
	}},
	{"append in a loop", 2, 0, func(g *generator) string {
		g.open()
		e := g.entity("append", nil)
		e.Many = true
		n := 1 + g.Intn(40)
		return mark(e, fmt.Sprintf("var x1 []%s; for j := 0; j < %d; j++ { x1 = append(x1, %s) }; ", "int", n, "j")) +
			g.pick("lib.GInts = x1", "lib.Acc += len(x1)", "lib.Acc += lib.UseI(x1)")
	}},
	{"+= in a loop", 1, 0, func(g *generator) string {
		g.open()
		e := g.entity("concatenation", nil)
		e.Many = true
		return mark(e, fmt.Sprintf("x1 := \"\"; for j := 0; j < %d; j++ { x1 += lib.S(j) }; ", 1+g.Intn(10))) +
			g.pick("lib.GStr = x1", "lib.Acc += len(x1)")
	}},
	{"range over function", 2, 23, func(g *generator) string {
		function, body := g.entity("closure", nil), g.entity("closure", nil)
		return "for " + mark(body, "j := range "+mark(function, "lib.Seq(2)")+" { _ = j; "+g.block(func() string { return g.consume(g.expression()) })+" }")
	}},
}

// named makes values of types whose names do not say what they are.
func (g *generator) named() expression {
	size := g.size()
	switch g.Intn(5) {
	case 0:
		name, id := g.bytesVar(size)
		e := g.entity("string conversion", []int{size}, id)
		return expression{mark(e, "lib.Str("+name+")"), typ{name: "lib.Str", global: "lib.GNStr = %s", use: "len(%s)"}}
	case 1:
		name, id := g.stringVar(size)
		e := g.entity("string conversion", []int{size}, id)
		return expression{mark(e, "lib.Bytes("+name+")"), typ{name: "lib.Bytes", global: "lib.GNBytes = %s", use: "len(%s)"}}
	case 2:
		name, id := g.stringVar(size / 4)
		e := g.entity("string conversion", []int{size}, id)
		return expression{mark(e, "lib.Runes("+name+")"), typ{name: "lib.Runes", global: "lib.GNRunes = %s", use: "len(%s)"}}
	case 3:
		length := g.intVar(size / 8)
		e := g.entity("make", []int{size}, keyOf(length))
		return expression{mark(e, "make(lib.Ints, "+length+")"), typ{name: "lib.Ints", global: "lib.GNInts = %s", use: "len(%s)"}}
	default:
		return g.pointerToSlice(size)
	}
}

// pointerToSlice: the slice's header and what is behind it.
func (g *generator) pointerToSlice(size int) expression {
	if g.chance(50) {
		slice, e := g.entity("slice literal", []int{size}), g.entity("new", []int{24})
		values := "{i" + strings.Repeat(", i", size/8-1) + "}"
		return expression{mark(e, "&"+mark(slice, "lib.Ints"+values)), typ{name: "*lib.Ints", global: "lib.GPInts = %s", use: "len(*(%s))"}}
	}
	name, id := g.newType(size, false)
	slice, e := g.entity("slice literal", []int{size}, id), g.entity("new", []int{24}, id)
	return expression{mark(e, "&"+mark(slice, "[]"+name+"{{}}")), typ{name: "*[]" + name, global: "lib.GAny = %s", use: "len(*(%s))"}}
}

// mixedInts: a slice literal with constants among variables, with its type or without.
func (g *generator) mixedInts(typ string) string {
	n := g.size() / 8
	e := g.entity("slice literal", []int{n * 8})
	values := make([]string, n)
	for i := range values {
		values[i] = g.pick("i", "7", "1", "i + 2")
	}
	return mark(e, typ+"{"+strings.Join(values, ", ")+"}")
}

// options: a literal of a struct of more than four fields, slices among them, with or without names. Its type comes before it, or is
// left out.
func (g *generator) options(typ string) string {
	names := []string{"N", "A", "S", "B", "X", "M"}
	values := []string{g.pick("i", "3"), g.mixedInts("[]int"), g.pick(`"text"`, "lib.GStr"), g.mixedInts("[]int"),
		"[2][]int{" + g.mixedInts(g.pick("", "[]int")) + ", " + g.mixedInts("") + "}", g.pick("i", "3")}
	if g.chance(60) {
		for i, name := range names {
			values[i] = name + ": " + values[i]
		}
	}
	return typ + "{" + strings.Join(values, ", "+g.pick("", "\n")) + "}"
}

// moreForms are drawn behind all statements of forms, so that what a seed has of these stays the same.
var moreForms = []form{
	{"map of slices", 1, 0, func(g *generator) string {
		g.open()
		e := g.entity("map", nil)
		e.Many = true
		size := 8 * (1 + g.Intn(8))
		name, id := g.newType(size, g.chance(40))
		// Not what maps themselves are made of.
		least, most := classes[16]/size+1, classes[len(classes)-1]/size
		var all []string
		for i := 0; i < 1+g.Intn(4); i++ {
			n := least + g.Intn(most-least+1)
			x := g.entity("slice literal", []int{classOf(n*size, true)}, id)
			all = append(all, fmt.Sprintf("%d: %s", i, mark(x, g.pick("", "[]"+name)+"{"+strings.Repeat("{}, ", n-1)+"{}}")))
		}
		return mark(e, "m1 := map[int][]"+name+"{"+strings.Join(all, ", "+g.pick("", "\n"))+g.pick("", ",\n")+"}; ") +
			g.pick("lib.GAny = m1", "lib.Acc += len(m1)")
	}},
	{"options", 1, 0, func(g *generator) string {
		id := g.id()
		name := fmt.Sprintf("T%d", id)
		t := g.out("types")
		t.lines = append(t.lines, fmt.Sprintf("type %s struct { N int; A []int; S string; B []int; X [2][]int; M int }", name), "")
		const size = 128
		switch g.Intn(3) {
		case 0:
			return "lib.GAny = " + mark(g.entity("box", []int{size}, id), g.options(name))
		case 1:
			return "lib.GAny = " + mark(g.entity("new", []int{size}, id), "&"+g.options(name))
		default:
			box := g.entity("box", []int{24}, id)
			n := 1 + g.Intn(4)
			e := g.entity("slice literal", []int{classOf(n*size, true)}, id)
			all := make([]string, n)
			for i := range all {
				all[i] = g.options(g.pick("", name))
			}
			return "lib.GAny = " + mark(box, mark(e, "[]"+name+"{"+strings.Join(all, ", ")+"}"))
		}
	}},
	{"named types", 1, 0, func(g *generator) string { return g.consume(g.named()) }},
	{"named types in a call", 1, 0, func(g *generator) string {
		xs := []expression{g.named(), g.named()}
		if g.chance(50) {
			xs = append(xs, g.expression())
		}
		return g.taker(xs) + "(" + strings.Join(codes(xs), ", ") + ")"
	}},
	{"clause of a type switch", 1, 0, func(g *generator) string {
		name, _ := g.newType(g.size(), g.chance(40))
		id := g.id()
		e := g.entity("moved", []int{8, small}, id)
		x := fmt.Sprintf("x%d", id)
		g.prelude = append(g.prelude, fmt.Sprintf("%s := lib.Boxed(&V%s)", x, name))
		g.localSizes[x] = 16
		return fmt.Sprintf("switch v%d := %s.(type) { %s lib.GAny = &v%d; default: lib.GAny = v%d }", id, x, mark(e, "case *"+name+":"), id, id)
	}},
}

// captured: the closure that the compiler makes of go and defer moves what it captures where it is large.
func (g *generator) captured(wrapper *entity, xs []expression) *entity {
	for _, x := range xs {
		if x.size > 128 {
			wrapper.Moved = append(wrapper.Moved, g.entity("captured", nil).ID)
		}
	}
	return wrapper
}

// goroutine: the runtime makes what it has no goroutine left for.
func (g *generator) goroutine() *entity {
	e := g.entity("runtime", []int{384, 416, 448, 480})
	e.Counts = []int{1, 2}
	return e
}

func (g *generator) open() { g.cur.Open = true }

// statement writes one of a form into its file.
func (g *generator) statement(forms []form) {
	g.pkg = []string{"main", "main", "a", "b"}[g.Intn(4)]
	st := &statement{ID: len(g.Statements)}
	g.Statements = append(g.Statements, st)
	g.cur, g.prelude, g.decls, g.used, g.localSizes = st, nil, nil, map[int]bool{}, map[string]int{}
	g.hit = g.newHit()
	total := 0
	for _, f := range forms {
		if g.minor >= f.since {
			total += f.weight
		}
	}
	at := g.Intn(total)
	var body string
	for _, f := range forms {
		if g.minor < f.since {
			continue
		}
		if at -= f.weight; at < 0 {
			st.Form = f.name
			body = f.write(g)
			break
		}
	}
	for _, id := range st.Entities {
		if e := g.byID[id]; e.Kind == "runtime" && e.Classes == nil {
			e.Classes = []int{32, 48, 64, 80, 96, 112}
		} else if e.Classes == nil && (e.Kind == "closure" || e.Kind == "go") {
			e.Classes = g.closureSizes(e, body)
		}
	}
	// A loop's variable that a closure captures.
	variable := "i"
	if strings.Contains(body, "func(") {
		hit := g.hit
		e := g.entity("moved", []int{8, small})
		if e.Hit = hit; g.minor < 22 {
			e.Hit = -2
		}
		variable = mark(e, "i")
	}
	f := g.out(fmt.Sprintf("s%d", st.ID/g.perFile))
	st.File = f.path
	f.lines = append(f.lines, g.decls...)
	f.lines = append(f.lines, "//go:noinline", fmt.Sprintf("func S%d() {", st.ID))
	st.From = len(f.lines)
	f.lines = append(f.lines, fmt.Sprintf("\tlib.H[%d]++", g.newHit()))
	own := g.nextHit - 1
	for _, id := range st.Entities {
		if e := g.byID[id]; e.Hit == -2 {
			e.Hit = own
		}
	}
	for _, line := range g.prelude {
		f.lines = append(f.lines, "\t"+line)
	}
	f.lines = append(f.lines, fmt.Sprintf("\tfor %s := 0; i < %d; i++ {", variable, reps), fmt.Sprintf("\t\tlib.H[%d]++", g.hit))
	f.lines = append(f.lines, strings.Split("\t\t"+body, "\n")...)
	f.lines = append(f.lines, "\t}", "}", "")
	st.To = len(f.lines)
	g.cur = nil
}

var identifier = regexp.MustCompile(`\b[a-z][0-9]*\b`)

// closureSizes: what a closure may have room for at most. It captures values, or pointers where they are large or change.
func (g *generator) closureSizes(e *entity, body string) []int {
	from := strings.Index(body, fmt.Sprintf("\x01%d\x02", e.ID))
	to := strings.Index(body, fmt.Sprintf("\x03%d\x02", e.ID))
	size := 0
	if e.Kind == "go" {
		return nil // arguments of any size
	}
	seen := map[string]bool{}
	for _, name := range identifier.FindAllString(body[from:to], -1) {
		if seen[name] {
			continue
		}
		seen[name] = true
		switch n := g.localSizes[name]; {
		case n > 0 && n <= 128:
			size += n
		case n > 128 || name == "i" || name == "j":
			size += 8
		}
	}
	if size == 0 {
		return []int{} // one for all, not made anew
	}
	last := classOf(size+8, true)
	out := []int{small}
	for _, c := range allClasses {
		if c > small && c <= last {
			out = append(out, c)
		}
	}
	return out
}

// ---- files ----

func (g *generator) out(what string) *file {
	path := g.pkg + "/" + what + ".go"
	if g.pkg == "main" {
		path = what + ".go"
	}
	f := g.files[path]
	if f == nil {
		f = &file{path: path, pkg: g.pkg}
		// Room for what is imported; unused imports are avoided by blank uses.
		f.lines = append(f.lines, "package "+g.pkg, "")
		for _, p := range []string{"lib", "a", "b"} {
			if p == g.pkg || g.pkg == "lib" || g.pkg == "a" && p == "b" {
				continue
			}
			f.lines = append(f.lines, fmt.Sprintf("import %q", "example.com/escaudit/generated/"+p), fmt.Sprintf("var _ = %s.Imported", p))
		}
		for _, p := range [][2]string{{"bufio", "NewReader"}, {"errors", "New"}, {"strings", "NewReader"}, {"bytes", "NewBuffer"}} {
			f.lines = append(f.lines, fmt.Sprintf("import %q", p[0]), fmt.Sprintf("var _ = %s.%s", p[0], p[1]))
		}
		// Imports have to stand before all else.
		var imports, rest []string
		for _, line := range f.lines {
			if strings.HasPrefix(line, "package") || strings.HasPrefix(line, "import") {
				imports = append(imports, line)
			} else {
				rest = append(rest, line)
			}
		}
		f.lines = append(imports, rest...)
		g.files[path] = f
	}
	return f
}

// resolve takes the marks out and notes the positions.
func (g *generator) resolve(f *file) string {
	var out strings.Builder
	line, column := 1, 1
	text := strings.Join(f.lines, "\n") + "\n"
	lastLine, lastColumn := 1, 1
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == 1 || c == 3 {
			end := i + strings.IndexByte(text[i:], 2)
			id, _ := strconv.Atoi(text[i+1 : end])
			e := g.byID[id]
			if c == 1 {
				e.File, e.Line, e.Column = f.path, line, column
			} else {
				e.Line2, e.Column2 = lastLine, lastColumn
			}
			i = end
			continue
		}
		out.WriteByte(c)
		lastLine, lastColumn = line, column
		column++
		if c == '\n' {
			line, column = line+1, 1
		}
	}
	return out.String()
}

func generate(seed int64, minor, n int, dir string) error {
	g := newGenerator(seed, minor)
	g.perFile = 40
	for i := 0; i < n; i++ {
		g.statement(forms)
	}
	for i := 0; i < n/10; i++ {
		g.statement(moreForms)
	}
	for _, f := range g.files {
		text := g.resolve(f)
		path := filepath.Join(dir, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			return err
		}
	}
	for path, text := range g.harness() {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			return err
		}
	}
	for _, st := range g.Statements {
		for _, id := range st.Entities { // declarations may stand before the function
			if e := g.byID[id]; e.File == "" {
				return fmt.Errorf("seed %d: entity %d (%s) of statement %d (%s) was never written", seed, id, e.Kind, st.ID, st.Form)
			}
		}
	}
	text, err := json.MarshalIndent(&g.table, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "table.json"), text, 0o666)
}
