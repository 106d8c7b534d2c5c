// Package peer names what Telegram numbers, so that a post is the same post
// whether it was read from an export, from a preview page or from the
// interface. It follows the exports of Telegram Desktop: a message's number is
// unique only within its chat, a chat goes by its bare number, and an author by
// what it is and its number ("channel1234", "user55").
package peer

import (
	"strconv"
	"strings"
)

// Post gives the id of a post: "chat/message", or the message alone where the
// chat is not known.
func Post(chat, message string) string {
	if chat == "" {
		return message
	}
	return chat + "/" + message
}

// Message gives the id of a channel's message.
func Message(channel, message int64) string {
	return Post(Number(channel), Number(message))
}

// Number writes a number.
func Number(n int64) string { return strconv.FormatInt(n, 10) }

// Channel gives the id of a channel as an author.
func Channel(chat string) string { return "channel" + chat }

// User gives the id of a person or bot as an author.
func User(number string) string { return "user" + number }

// Chat gives the number of the chat that an author's id names.
func Chat(author string) string { return strings.TrimPrefix(author, "channel") }

// Link gives the address at which a public channel's message can be read.
func Link(name string, message int64) string {
	return "https://t.me/" + name + "/" + Number(message)
}

// botOffset lies between the number of a channel and the form -100… in which
// bots and some pages write it.
const botOffset = 1_000_000_000_000

// Bare gives the bare number of a channel from any of its forms: 1234, -1234
// and -1000000001234.
func Bare(n int64) int64 {
	if n < 0 {
		n = -n
	}
	if n > botOffset {
		n -= botOffset
	}
	return max(n, 0) // the least number has no positive form
}
