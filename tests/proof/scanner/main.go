// What go/scanner says of Go source files: for each file named on standard input its number of tokens and a hash over
// the place and the kind of each, as tests/proof/lexer_tokens.c prints them of predict/lexer.h.
package main

import (
	"bufio"
	"fmt"
	"go/scanner"
	"go/token"
	"os"
)

const (
	word = iota
	number
	str
	char
	operator
	comment
)

func kind(tok token.Token) uint64 {
	switch {
	case tok == token.COMMENT:
		return comment
	case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
		return number
	case tok == token.STRING:
		return str
	case tok == token.CHAR:
		return char
	case tok == token.IDENT || tok.IsKeyword():
		return word
	}
	return operator
}

func main() {
	names := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for names.Scan() {
		src, err := os.ReadFile(names.Text())
		if err != nil {
			fmt.Fprintf(out, "%s cannot be read\n", names.Text())
			continue
		}
		set := token.NewFileSet()
		file := set.AddFile("", -1, len(src))
		malformed := ""
		var s scanner.Scanner
		s.Init(file, src, func(token.Position, string) { malformed = " malformed" }, scanner.ScanComments)
		n, hash := 0, uint64(0xcbf29ce484222325)
		mix := func(x uint64) {
			for i := 0; i < 64; i += 8 {
				hash = (hash ^ (x >> i & 0xff)) * 0x100000001b3
			}
		}
		for {
			pos, tok, lit := s.Scan()
			if tok == token.EOF {
				break
			}
			if tok == token.SEMICOLON && lit != ";" {
				continue // put there by the language
			}
			p := file.PositionFor(pos, false)
			mix(uint64(p.Offset))
			mix(uint64(p.Line))
			mix(uint64(p.Column))
			mix(kind(tok))
			n++
		}
		fmt.Fprintf(out, "%s %d %016x%s\n", names.Text(), n, hash, malformed)
	}
}
