package main

import (
	"fmt"
	"strconv"
	"strings"
)

func init() {
	register("concat-short", func() { concatShort(short) })
	register("concat-long", func() { concatLong(long) })
	register("concat-escapes", func() { concatEscapes(long) })
	register("concat-raw", func() { concatRaw(long) })
	register("concat-raw-stays", func() { concatRawStays(short) })
	register("concat-empty", func() { concatEmpty(long) })
	register("concat-many", func() { concatMany(long) })
	register("concat-const", concatConst)
	register("concat-assign", func() { concatAssign(long) })
	register("concat-two", func() { concatTwo(long, short) })
	register("concat-boxed", func() { concatBoxed(long) })
	register("concat-returned", func() { sinkString = concatReturned(long, short) })
	register("concat-long-constant", func() { concatLongConstant(short) })
	register("concat-assign-stays", func() { concatAssignStays(long) })
	register("string-short", func() { stringShort(shortBytes) })
	register("string-long", func() { stringLong(longBytes) })
	register("string-escapes", func() { stringEscapes(longBytes) })
	register("string-one", func() { stringOne(longBytes) })
	register("string-index", func() { stringIndex(longBytes) })
	register("string-compare", func() { stringCompare(longBytes) })
	register("string-range", func() { stringRange(longBytes) })
	register("string-switch", func() { stringSwitch(longBytes) })
	register("string-rune", func() { stringRune(rune(hundred)) })
	register("string-runes", func() { stringRunes([]rune{'a', 'b'}) })
	register("bytes-short", func() { bytesShort(short) })
	register("bytes-long", func() { bytesLong(long) })
	register("bytes-kept", func() { bytesKept(long) })
	register("bytes-read", func() { bytesRead(long) })
	register("bytes-range", func() { bytesRange(long) })
	register("bytes-concat", func() { bytesConcat(long) })
	register("bytes-const", bytesConst)
	register("runes-short", func() { runesShort(short) })
	register("runes-long", func() { runesLong(long) })
	register("runes-escape", func() { runesEscape(long) })
	register("text-builder", func() { textBuilder(long) })
	register("text-sprintf", func() { textSprintf(hundred * 10) })
	register("text-itoa", func() { textItoa(hundred * 10) })
	register("text-join", func() { textJoin(long, short) })
	register("text-error", func() { textError(hundred * 10) })
}

//go:noinline
func concatShort(s string) {
	t := s + "!" // @concat-short
	theInt = len(t)
}

//go:noinline
func concatLong(s string) {
	t := s + "!" // @concat-long
	theInt = len(t) + strings.Count(t, "!")
}

//go:noinline
func concatEscapes(s string) {
	sinkString = s + "!" // @concat-escapes
}

//go:noinline
func concatRaw(s string) {
	sinkString = `a "raw" string,
over two lines of ` + s // @concat-raw
}

//go:noinline
func concatRawStays(s string) {
	t := `a
b` + s // @concat-raw-stays
	theInt = len(t)
}

//go:noinline
func concatEmpty(s string) {
	sinkString = s + short[:zero] // @concat-empty
}

//go:noinline
func concatMany(s string) {
	sinkString = s + "," + s + ";" + s + "." + s // @concat-many
}

//go:noinline
func concatConst() {
	sinkString = "one" + "two" // @concat-const
}

// An assignment with an operator is reported by no version.
//
//go:noinline
func concatAssign(s string) {
	t := ""
	for i := 0; i < 3; i++ {
		t += s // @concat-assign
	}
	sinkString = t
}

//go:noinline
func concatTwo(long, short string) {
	sinkString, sink = long+"!", strings.Count(short+"!", "!") // @concat-two
}

//go:noinline
func concatBoxed(s string) {
	sink = s + "!" // @concat-boxed
}

//go:noinline
func concatReturned(a, b string) string {
	return a + b // @concat-returned
}

// The constant alone does not fit the buffer, so none is reserved.
//
//go:noinline
func concatLongConstant(s string) {
	t := s + "a constant of more than thirty-two bytes" // @concat-long-constant
	theInt = strings.Count(t, "!")
}

//go:noinline
func concatAssignStays(s string) {
	t := s
	t += "!" // @concat-assign-stays
	theInt = strings.Count(t, "!")
}

//go:noinline
func stringShort(b []byte) {
	t := string(b) // @string-short
	theInt = strings.Count(t, "!")
}

//go:noinline
func stringLong(b []byte) {
	t := string(b) // @string-long
	theInt = strings.Count(t, "!")
}

//go:noinline
func stringEscapes(b []byte) {
	sinkString = string(b) // @string-escapes
}

//go:noinline
func stringOne(b []byte) {
	sinkString = string(b[:1]) // @string-one
}

var numbers = map[string]int{"one": 1}

//go:noinline
func stringIndex(b []byte) {
	theInt = numbers[string(b)] // @string-index
}

//go:noinline
func stringCompare(b []byte) {
	if string(b) == long { // @string-compare
		theInt++
	}
}

//go:noinline
func stringRange(b []byte) {
	for _, r := range string(b) { // @string-range
		theInt += int(r)
	}
}

//go:noinline
func stringSwitch(b []byte) {
	switch string(b) { // @string-switch
	case "one":
		theInt++
	case long:
		theInt--
	}
}

//go:noinline
func stringRune(r rune) {
	sinkString = string(r) // @string-rune
}

//go:noinline
func stringRunes(r []rune) {
	sinkString = string(r) // @string-runes
}

//go:noinline
func bytesShort(s string) {
	b := []byte(s) // @bytes-short
	b[0] = '!'
	theInt = int(b[1])
}

//go:noinline
func bytesLong(s string) {
	b := []byte(s) // @bytes-long
	b[0] = '!'
	theInt = int(b[1])
}

//go:noinline
func bytesKept(s string) {
	sinkBytes = []byte(s) // @bytes-kept
}

// What is only read needs no copy since 1.22.
//
//go:noinline
func bytesRead(s string) {
	b := []byte(s) // @bytes-read
	theInt = int(b[ten])
}

//go:noinline
func bytesRange(s string) {
	for _, b := range []byte(s) { // @bytes-range
		theInt += int(b)
	}
}

//go:noinline
func bytesConcat(s string) {
	sinkBytes = []byte(s + "!") // @bytes-concat
}

//go:noinline
func bytesConst() {
	sinkBytes = []byte("constant") // @bytes-const
}

//go:noinline
func runesShort(s string) {
	r := []rune(s) // @runes-short
	theInt = len(r)
	r[0] = '!'
}

//go:noinline
func runesLong(s string) {
	r := []rune(s) // @runes-long
	r[0] = '!'
	theInt = int(r[1])
}

var sinkRunes []rune

//go:noinline
func runesEscape(s string) {
	sinkRunes = []rune(s) // @runes-escape
}

// The objects are made in package strings.
//
//go:noinline
func textBuilder(s string) {
	var b strings.Builder
	b.WriteString(s) // @text-builder.write
	sinkString = b.String()
}

//go:noinline
func textSprintf(n int) {
	sinkString = fmt.Sprintf("%d of many and more than that", n) // @text-sprintf
}

//go:noinline
func textItoa(n int) {
	sinkString = strconv.Itoa(n) // @text-itoa
}

//go:noinline
func textJoin(a, b string) {
	sinkString = strings.Join([]string{a, b}, ", ") // @text-join
}

//go:noinline
func textError(n int) {
	sink = fmt.Errorf("number %d", n) // @text-error
}
