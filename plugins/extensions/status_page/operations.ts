/** The operation by which the command line asks for a way in, over the Unix socket. It answers with a `PageLogin`. */
export const LOGIN_OPERATION = 'page.login';

export interface PageLogin {
  readonly url: string;
  /** Logs in once. */
  readonly code: string;
  /** Milliseconds for which the code is good. */
  readonly goodFor: number;
}
