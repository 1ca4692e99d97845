/** Limits for one client (`limits` of config.json), in milliseconds and bytes. */
export interface ClientLimits {
  readonly lineBytes: number;
  readonly postCharacters: number;
  readonly callsPerSecond: number;
  readonly callsBurst: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly helloMs: number;
  readonly signInMs: number;
  readonly pingMs: number;
  readonly queueSoftBytes: number;
  readonly queueHardBytes: number;
  readonly stallMs: number;
}
