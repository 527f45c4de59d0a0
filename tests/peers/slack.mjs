// Vercel's `emulate` as Slack: Web API, OAuth v2, and events signed with the signing secret. Node 22 or newer.
//
// It has no setting for where events go, so its dispatcher is taken from the plugin; and it reads arguments from bodies only,
// while Slack takes them from the address as well: those are moved.
import { readdirSync, readFileSync } from 'node:fs'
import { createEmulator } from 'emulate'

const folder = new URL('./node_modules/emulate/dist/', import.meta.url)
const isPlugin = name => /^dist-.*\.js$/.test(name) && readFileSync(new URL(name, folder), 'utf8').includes('slackPlugin\n}')
const { slackPlugin } = await import(new URL(readdirSync(folder).find(isPlugin), folder))

let hooks
const register = slackPlugin.register
slackPlugin.register = (app, store, webhooks, ...rest) => {
  hooks = webhooks
  register.call(slackPlugin, app, store, webhooks, ...rest)
  const answer = app.fetch
  app.fetch = async request => answer(await withArgumentsInBody(request))
}

async function withArgumentsInBody(request) {
  const address = new URL(request.url)
  if (!address.pathname.startsWith('/api/') || (request.method === 'POST' && !address.search)) return request
  const headers = new Headers(request.headers)
  const kind = headers.get('content-type') ?? ''
  const given = request.method === 'POST' ? await request.text() : ''
  headers.delete('content-length')
  let body = [address.search.slice(1), kind.includes('urlencoded') ? given : ''].filter(Boolean).join('&')
  if (kind.includes('json') && given) body = JSON.stringify({ ...Object.fromEntries(address.searchParams), ...JSON.parse(given) })
  else headers.set('content-type', 'application/x-www-form-urlencoded')
  return new Request(address.origin + address.pathname, { method: 'POST', headers, body })
}

const port = Number(process.env.PORT)
const scopes = process.env.SCOPES.split(',')
const emulator = await createEmulator({
  service: 'slack',
  port,
  baseUrl: `http://127.0.0.1:${port}`,
  seed: {
    slack: {
      team: { name: 'Bakery', domain: 'bakery' },
      users: [{ name: 'ann', real_name: 'Ann', email: 'ann@example.com' }],
      channels: [{ name: 'social' }],
      oauth_apps: [
        {
          client_id: '11.22', client_secret: 'shh', app_id: 'A000000001', name: 'Copydesk', bot_name: 'copydesk',
          redirect_uris: [process.env.REDIRECT], scopes
        }
      ],
      tokens: [
        { token: 'xoxp-ann', user: 'ann' },
        { token: 'xoxb-desk', user: 'copydesk', app_id: 'A000000001', scopes: [...scopes, 'channels:join', 'reactions:write'] }
      ],
      signing_secret: 'sign-me',
      strict_scopes: true
    }
  }
})
hooks.register({ owner: 'slack', url: process.env.EVENTS, events: ['*'], active: true })
console.log(JSON.stringify({ ready: emulator.url }))
process.on('SIGTERM', () => emulator.close().then(() => process.exit(0)))
