import { Contracts } from '../../platform/http/contract.js';
import { usersAuthContract } from './users-auth/users-auth.contract.js';
import { v1Contract } from './v1/v1.contract.js';

/** The published contracts. The first one also speaks for every path under no prefix. */
export const contracts = new Contracts([v1Contract, usersAuthContract]);
