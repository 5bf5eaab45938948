import { ApiProperty } from '@nestjs/swagger';

/** The error body of `/api`. */
export class MessageBody {
  @ApiProperty({ example: 'Invalid credentials.' })
  message!: string;
}
