// The certified OpenID provider as a platform's login page. Node 22 or newer.
//
// Refresh tokens rotate, and one that is used twice ends the whole login, as with the platforms that are hardest to serve.
const { default: Provider } = await import('oidc-provider')

const port = Number(process.env.PORT)
const issuer = `http://127.0.0.1:${port}`
const client = (id, method) => ({
  client_id: id,
  client_secret: 'the client secret',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: [process.env.REDIRECT],
  token_endpoint_auth_method: method,
})
const provider = new Provider(issuer, {
  clients: [client('by-header', 'client_secret_basic'), client('by-body', 'client_secret_post')],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async (_, asking) => asking.grantTypeAllowed('refresh_token'),
  features: { devInteractions: { enabled: true }, revocation: { enabled: true }, introspection: { enabled: true } },
  claims: { openid: ['sub'], profile: ['name'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id[0].toUpperCase()}${id.slice(1)}` }) }),
  cookies: { keys: ['a key for tests'] },
  ttl: { AccessToken: 3600, RefreshToken: 86400, Session: 3600, Interaction: 600, Grant: 86400, IdToken: 300, AuthorizationCode: 30 },
})
const server = provider.listen(port, '127.0.0.1', () => console.log('ready'))
process.on('SIGTERM', () => server.close(() => process.exit(0)))
