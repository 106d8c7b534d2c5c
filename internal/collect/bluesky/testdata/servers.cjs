// Starts a directory of identities and a personal data server in this process,
// on free ports of loopback, with their data in the folder named first. Writes
// one line of JSON with their addresses and ends with its standard input.
'use strict'
const fs = require('fs')
const path = require('path')
const net = require('net')
const crypto = require('crypto')
const plc = require('@did-plc/server')
const { PDS, envToCfg, envToSecrets } = require('@atproto/pds')

const free = () => new Promise((done, failed) => {
  const s = net.createServer()
  s.on('error', failed)
  s.listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)) })
})

async function main() {
  const dir = process.argv[2]
  const plcPort = await free()
  const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: plcPort })
  await directory.start()
  const port = await free()
  fs.mkdirSync(path.join(dir, 'blobs'), { recursive: true })
  const env = {
    devMode: true, port, hostname: 'localhost', serviceHandleDomains: ['.test'], didPlcUrl: `http://127.0.0.1:${plcPort}`,
    dataDirectory: dir, blobstoreDiskLocation: path.join(dir, 'blobs'), inviteRequired: false, crawlers: [],
    recoveryDidKey: undefined, jwtSecret: crypto.randomBytes(16).toString('hex'), adminPassword: crypto.randomBytes(16).toString('hex'),
    plcRotationKeyK256PrivateKeyHex: crypto.randomBytes(32).toString('hex'),
  }
  const pds = await PDS.create(envToCfg(env), envToSecrets(env))
  await pds.start()
  console.log(JSON.stringify({ pds: `http://localhost:${port}`, stream: `ws://127.0.0.1:${port}/xrpc/com.atproto.sync.subscribeRepos` }))
  process.stdin.resume()
  process.stdin.on('end', () => process.exit(0))
}
main().catch((e) => { console.error(e); process.exit(1) })
