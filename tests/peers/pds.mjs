// The reference PDS of the AT Protocol and a directory of DIDs, both on loopback, until standard input ends.
// Usage: node --import ./preload.mjs pds.mjs <directory for data> <port of the PDS> <port of the directory> <secret of its tokens>
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { PDS } from '@atproto/pds'
import plc from '@did-plc/server'

const [data, pdsPort, directoryPort, jwtSecret] = process.argv.slice(2)
const secret = () => randomBytes(32).toString('hex')

const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: Number(directoryPort) })
await directory.start()

const pds = await PDS.fromEnv({
  devMode: true,
  hostname: 'localhost',
  port: Number(pdsPort),
  dataDirectory: data,
  blobstoreDiskLocation: join(data, 'blobs'),
  didPlcUrl: `http://127.0.0.1:${directoryPort}`,
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  jwtSecret,
  adminPassword: secret(),
  dpopSecret: secret(),
  plcRotationKeyK256PrivateKeyHex: secret(),
  disableSsrfProtection: true, // its directory is on loopback
  rateLimitsEnabled: false,
  crawlers: [],
  // There is neither an app view nor a moderation service; the names must only be well formed.
  bskyAppViewUrl: 'https://appview.invalid',
  bskyAppViewDid: 'did:example:invalid',
  modServiceUrl: 'https://moderation.invalid',
  modServiceDid: 'did:example:invalid',
})
await pds.start()
console.log('ready')

process.stdin.resume().on('end', async () => {
  await pds.destroy()
  await directory.destroy()
  process.exit(0)
})
