window.YTD.tweets.part0 = [
  {
    "tweet" : {
      "edit_info" : { "initial" : { "editTweetIds" : [ "501" ] } },
      "retweeted" : false,
      "entities" : {
        "hashtags" : [ { "text" : "sea", "indices" : [ "0", "4" ] } ],
        "user_mentions" : [ { "name" : "Gull", "screen_name" : "gull", "id_str" : "5" } ],
        "urls" : [ { "url" : "https://t.co/q", "expanded_url" : "https://example.org/sea", "display_url" : "example.org" } ]
      },
      "id_str" : "501",
      "in_reply_to_status_id_str" : "500",
      "created_at" : "Wed Aug 27 13:08:45 +0000 2008",
      "full_text" : "@gull #sea \"]} https://t.co/q",
      "lang" : "en"
    }
  },
  {
    "tweet" : { "id_str" : "502", "created_at" : "no time", "full_text" : "x" }
  },
  {
    "tweet" : { "id_str" : "503", "created_at" : "Wed Aug 27 13:09:45 +0000 2008", "full_text" : "Plain", "lang" : "en" }
  }
]
