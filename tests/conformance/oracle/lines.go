package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// maxLine bounds one question; reviews stay far below it.
const maxLine = 64 << 20

// eachLine answers every JSON line of standard input with a JSON line in the file out.
func eachLine[Q, A any](out string, reply func(Q) A) error {
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	writer := bufio.NewWriter(file)
	answers := json.NewEncoder(writer)
	answers.SetEscapeHTML(false)
	questions := bufio.NewScanner(os.Stdin)
	questions.Buffer(make([]byte, 1<<20), maxLine)
	for number := 1; questions.Scan(); number++ {
		var q Q
		if err := json.Unmarshal(questions.Bytes(), &q); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if err := answers.Encode(reply(q)); err != nil {
			return err
		}
	}
	if err := questions.Err(); err != nil {
		return err
	}
	if err := writer.Flush(); err != nil {
		return err
	}
	return file.Close()
}
