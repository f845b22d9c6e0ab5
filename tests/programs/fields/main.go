// Fields has struct types whose fields lie well or badly, makes one object of each, and says by reflection how they lie:
// for each type a line "type NAME SIZE BEST", BEST being the least size that any order of its fields has, and for
// each of its fields "field NAME FIELD OFFSET SIZE". `fields order NAME FIELD...` prints the size of the type with its fields
// in that order.
package main

import (
	"fmt"
	"os"
	"reflect"
)

type scattered struct {
	ready bool
	id    int64
	kind  uint8
	next  *scattered
	small uint16
}

type oneMove struct {
	flag bool
	a, b *int
	last bool
}

type tight struct {
	name  string
	id    int64
	flags uint32
	kind  uint16
	ready bool
}

type emptyLast struct {
	id  int64
	end struct{}
}

type sameSlot struct {
	a bool
	b int64
	c bool
	d [40]byte
}

type blank struct {
	a bool
	_ [7]byte
	b bool
	c int64
	d bool
}

type tiny struct {
	a uint8
	b uint16
	c uint8
}

type embedded struct {
	ok bool
	tight
	n int32
	sameSlot
}

type pair[K, V any] struct {
	used bool
	key  K
	val  V
	dead bool
}

type many struct {
	a0 bool
	b0 int64
	a1 bool
	b1 int64
	a2 bool
	b2 int64
	a3 bool
	b3 int64
}

// Beyond 512 bytes objects with pointers have a header.
type large struct {
	a bool
	p *int
	b bool
	d [488]byte
	q *int
}

var sink any

//go:noinline
func keep[T any](p *T) { sink = p }

//go:noinline
func list(n int) []sameSlot { return make([]sameSlot, n) }

var types = []reflect.Type{
	reflect.TypeOf(scattered{}), reflect.TypeOf(oneMove{}), reflect.TypeOf(tight{}), reflect.TypeOf(emptyLast{}),
	reflect.TypeOf(sameSlot{}), reflect.TypeOf(blank{}), reflect.TypeOf(tiny{}), reflect.TypeOf(embedded{}),
	reflect.TypeOf(pair[string, int32]{}), reflect.TypeOf(many{}), reflect.TypeOf(large{}),
}

// Laid out anew, by the run time. Fields get names that may be made by reflection.
func sizeOf(fields []reflect.StructField) uintptr {
	anew := make([]reflect.StructField, len(fields))
	for i, f := range fields {
		anew[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: f.Type}
	}
	return reflect.StructOf(anew).Size()
}

func fieldsOf(t reflect.Type) (fields []reflect.StructField) {
	for i := 0; i < t.NumField(); i++ {
		fields = append(fields, t.Field(i))
	}
	return fields
}

func best(fields []reflect.StructField, fixed int) uintptr {
	if fixed == len(fields) {
		return sizeOf(fields)
	}
	least := ^uintptr(0)
	for i := fixed; i < len(fields); i++ {
		fields[fixed], fields[i] = fields[i], fields[fixed]
		if size := best(fields, fixed+1); size < least {
			least = size
		}
		fields[fixed], fields[i] = fields[i], fields[fixed]
	}
	return least
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "order" {
		for _, t := range types {
			var fields []reflect.StructField
			for _, name := range os.Args[3:] {
				if f, ok := t.FieldByName(name); ok {
					fields = append(fields, f)
				}
			}
			if t.String() == os.Args[2] && len(fields) == t.NumField() {
				fmt.Println(sizeOf(fields))
			}
		}
		return
	}
	keep(&scattered{})
	keep(&oneMove{})
	keep(&tight{})
	keep(&emptyLast{})
	keep(&sameSlot{})
	keep(&blank{})
	keep(&tiny{})
	keep(&embedded{})
	keep(&pair[string, int32]{})
	keep(&many{})
	keep(&large{})
	sink = list(len(os.Args))
	for _, t := range types {
		least := t.Size()
		if t.NumField() < 7 {
			least = best(fieldsOf(t), 0)
		}
		fmt.Println("type", t, t.Size(), least)
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			fmt.Println("field", t, f.Name, f.Offset, f.Type.Size())
		}
	}
}
