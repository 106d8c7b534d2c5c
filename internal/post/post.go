// Package post holds the record that everything else in Akashi works on: one
// post as a platform gave it. It imports nothing of ours.
//
// A post keeps what was given beside what was derived from it. Nothing in the
// record speaks of what a person believes: Akashi judges behaviour.
package post

import (
	"fmt"
	"time"
)

// Post is one post, share or message on a platform.
type Post struct {
	// Platform is the short name of the platform: "x", "facebook",
	// "telegram", "bluesky", … It is empty where the source does not say.
	Platform string
	// ID is the platform's own id of the post. Platform and ID together
	// identify a post.
	ID string
	// Account published the post.
	Account Account
	// Channel is the id of the conduit the post appeared in where that is
	// not the account itself: a Telegram group, a Facebook page, a forum.
	Channel string
	// Time is when the post was published, in UTC.
	Time time.Time
	// Text is the post's text, unchanged but for its encoding (UTF-8).
	Text string
	// Lang is the language the source declares, as a BCP 47 tag; empty
	// where it declares none. It is never guessed here.
	Lang string
	// URL is the post's own address (permalink), where known.
	URL string
	// Links are the addresses the post points to, in order.
	Links []Link
	// Hashtags are the post's tags in order, without the leading '#'.
	Hashtags []string
	// Mentions are the accounts the post names, by handle or id.
	Mentions []string
	// Media are the images, videos and files the post carries.
	Media []Media
	// RepostOf, ReplyTo and QuoteOf are native ids of the posts that this
	// one repeats, answers or quotes; empty where it does not.
	RepostOf, ReplyTo, QuoteOf string
	// Object is the object that a long table (object, account, content,
	// time) states for this row; empty everywhere else.
	Object string
	// Labels are further columns that the caller asked to carry along
	// (hand labels to compare with). Detectors never read them.
	Labels map[string]string
	// Synthetic says that the post was made up by a simulator or for an
	// exercise. The mark travels with the post wherever it is shown.
	Synthetic bool
	// Origin says where the record was read.
	Origin Origin
	// Raw is the record as it was read, decoded to UTF-8: a CSV row, a
	// JSON object. It is never thrown away.
	Raw []byte
}

// Account is who published a post.
type Account struct {
	// ID is the platform's id of the account, stable under renaming where
	// the platform has such an id, else the handle.
	ID string
	// Handle is the account's changeable name (without '@'); Name is the
	// display name. Both may be empty.
	Handle, Name string
}

// Link is one address in a post.
type Link struct {
	// Given is the address as it stood in the post.
	Given string
	// URL is the canonical form (see package normalise); equal to Given
	// where the caller wants addresses as given; empty before normalising.
	URL string
}

// Media is an image, video or file that a post carries.
type Media struct {
	// ID identifies the file on its platform; URL is where it lies.
	ID, URL string
	// Hash is a perceptual hash that the source gives, as text; equal
	// hashes mean visually equal media. Empty where unknown.
	Hash string
}

// Origin is the place of a record in the input.
type Origin struct {
	// File is the input's name as the user gave it ("-" is standard input).
	File string
	// Line is the 1-based line on which the record starts; for a JSON
	// document that is one array it is the number of the element.
	Line int64
}

// String gives the origin as "file:line".
func (o Origin) String() string { return fmt.Sprintf("%s:%d", o.File, o.Line) }
