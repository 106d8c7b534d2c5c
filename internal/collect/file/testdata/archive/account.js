window.YTD.account.part0 = [
  { "account" : { "email" : "nobody@example.org", "accountId" : "77", "username" : "pier_one", "accountDisplayName" : "Pier One" } }
]
