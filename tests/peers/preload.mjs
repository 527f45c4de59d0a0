// Loaded before a server: whatever listens, listens on loopback only.
import { Server } from 'node:net'

const listenAnywhere = Server.prototype.listen

Server.prototype.listen = function listenOnLoopback(...given) {
  const [first, second] = given
  if (typeof first === 'number' && typeof second !== 'string') {
    given.splice(1, 0, '127.0.0.1')
  } else if (first !== null && typeof first === 'object' && first.port !== undefined) {
    given[0] = { host: '127.0.0.1', ...first }
  }
  return listenAnywhere.apply(this, given)
}
